    -- The opening time up to now and up to a year ago, in microseconds. A wait of
    -- more than a year counts as one of a year.
    intervals AS
    (
        SELECT * FROM calendar
        WHERE garage_id IN (${garage:singlequote}) AND starts_at <= present AND starts_at > present - INTERVAL 1 YEAR
    ),
    elapsed AS
    (
        SELECT garage_id, argMax(opened(present, starts_at, ends_at, before_micros), starts_at) AS micros, min(before_micros) AS year_ago
        FROM intervals
        GROUP BY garage_id
    )
