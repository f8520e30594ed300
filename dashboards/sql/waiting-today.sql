-- How long cars stood waiting for an answer today, so far; and on the same day a
-- week ago, up to the same time. A wait counts as far as it falls within the day.
-- Where no car waited, nothing can be said.
WITH
    functions,
    now64(6) AS present,
    today AS
    (
        SELECT garage_id, argMax(day, starts_at) AS day, max(starts_at) AS begins
        FROM days
        WHERE garage_id IN (${garage:singlequote}) AND starts_at <= present AND starts_at > present - INTERVAL 2 DAY
        GROUP BY garage_id
    ),
    spans AS
    (
        SELECT garage_id, begins, present AS ends, 1 AS current FROM today
        UNION ALL
        SELECT d.garage_id, d.starts_at, d.starts_at + toIntervalMicrosecond(dateDiff('microsecond', t.begins, present)), 0
        FROM (SELECT * FROM days WHERE garage_id IN (${garage:singlequote}) AND starts_at > present - INTERVAL 9 DAY) AS d
        JOIN today AS t ON t.garage_id = d.garage_id AND d.day = t.day - 7
    ),
    parts AS
    (
        SELECT w.garage_id AS garage_id, w.repair_id AS repair_id, s.current AS current,
            greatest(w.started_at, s.begins) AS since, least(w.ends, s.ends) AS until
        FROM
        (
            SELECT garage_id, repair_id, started_at, ifNull(ended_at, present) AS ends
            FROM waits
            WHERE measure = 'customer_wait' AND garage_id IN (${garage:singlequote})
                AND started_at <= present AND (open OR ended_at > present - INTERVAL 9 DAY)
                AND (garage_id, repair_id) IN
                (
                    -- Those that waited since then, and perhaps some more.
                    SELECT garage_id, repair_id FROM pending
                    WHERE garage_id IN (${garage:singlequote}) AND (may_wait OR last_at > present - INTERVAL 9 DAY)
                )
        ) AS w
        JOIN spans AS s ON s.garage_id = w.garage_id
        WHERE since < until
    ),
    intervals AS
    (
        SELECT * FROM calendar
        WHERE garage_id IN (${garage:singlequote}) AND starts_at <= present AND starts_at > present - INTERVAL 1 YEAR
    )
SELECT
    if(n = 0, NULL, sumIf(hours, current)) AS value,
    sumIf(hours, NOT current) AS before,
    uniqExactIf(repair_id, current) AS n
FROM
(
    SELECT p.repair_id AS repair_id, p.current AS current,
        if('${clock}' = 'wall', dateDiff('microsecond', p.since, p.until),
            opened(p.until, b.starts_at, b.ends_at, b.before_micros) - opened(p.since, a.starts_at, a.ends_at, a.before_micros)) / 36e8 AS hours
    FROM parts AS p
    ASOF LEFT JOIN intervals AS a ON a.garage_id = p.garage_id AND a.starts_at <= p.since
    ASOF LEFT JOIN intervals AS b ON b.garage_id = p.garage_id AND b.starts_at <= p.until
)
