    -- The opening time up to now, in microseconds.
    elapsed AS
    (
        SELECT garage_id, argMax(opened(present, starts_at, ends_at, before_micros), starts_at) AS micros
        FROM calendar
        WHERE garage_id IN (${garage:singlequote}) AND starts_at <= present AND starts_at > present - INTERVAL 1 YEAR
        GROUP BY garage_id
    )
