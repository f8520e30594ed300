    -- The period, and the one of the same length before it.
    $__fromTime_ms AS period_begins,
    $__toTime_ms AS period_ends,
    subtractMilliseconds(period_begins, dateDiff('millisecond', period_begins, period_ends)) AS before_begins
