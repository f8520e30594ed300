-- How long the waits of a measure took, by the day on which they began: a day of the
-- garage's own clock. The period before is shown beside it, moved on by the length
-- of the period in whole days.
WITH
    period,
    greatest(1, intDiv(dateDiff('hour', period_begins, period_ends) + 12, 24)) AS days_on, -- a week is 167 to 169 hours
    asked AS
    (
        SELECT w.started_at >= period_begins AS current, w.counted, w.open,
            if('${clock}' = 'wall', w.wall_seconds, w.opening_seconds) / 60 AS minutes,
            if(d.day = toDate(0), toDate(w.started_at), d.day) + if(current, 0, days_on) AS on_day
        FROM
        (
            SELECT * FROM waits
            WHERE measure = '${measure}' AND garage_id IN (${garage:singlequote}) AND started_at >= before_begins AND started_at < period_ends
        ) AS w
        ASOF LEFT JOIN
        (
            SELECT garage_id, day, starts_at FROM days
            WHERE garage_id IN (${garage:singlequote}) AND starts_at > before_begins - INTERVAL 2 DAY AND starts_at < period_ends
        ) AS d ON d.garage_id = w.garage_id AND d.starts_at <= w.started_at
    )
SELECT
    on_day AS day,
    if(n = 0, NULL, quantileExactInclusiveIf(0.5)(minutes, current AND counted)) AS median,
    if(n < 20, NULL, quantileExactInclusiveIf(0.9)(minutes, current AND counted)) AS p90,
    if(countIf(NOT current AND counted) = 0, NULL, quantileExactInclusiveIf(0.5)(minutes, NOT current AND counted)) AS before,
    countIf(current AND counted) AS n,
    countIf(current AND open) AS open
FROM asked
GROUP BY on_day
HAVING n + open > 0 OR before IS NOT NULL
ORDER BY day
