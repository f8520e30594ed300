-- Quantiles are exact, over the waits that count. A day is one of the garage's
-- time zone; outside the calendar, of UTC.
SELECT
    multiIf(
        {group:String} = 'mechanic', w.mechanic,
        {group:String} != 'day', '',
        d.day = toDate(0), toString(toDate(w.started_at)),
        toString(d.day)) AS group,
    toInt64(countIf(w.counted)) AS n,
    toInt64(countIf(w.open)) AS still_open,
    quantilesExactInclusiveIf(0.5, 0.9, 0.99)(w.wall_seconds, w.counted) AS wall,
    quantilesExactInclusiveIf(0.5, 0.9, 0.99)(w.opening_seconds, w.counted) AS opening
FROM
(
    SELECT garage_id, started_at, mechanic, counted, open, wall_seconds, opening_seconds
    FROM waits
    WHERE measure = {measure:String} AND garage_id IN {garages:Array(String)}
        AND started_at >= {from:DateTime64(6, 'UTC')} AND started_at < {to:DateTime64(6, 'UTC')}
) AS w
ASOF LEFT JOIN
(
    SELECT garage_id, day, starts_at FROM days
    WHERE {group:String} = 'day' AND garage_id IN {garages:Array(String)}
) AS d ON d.garage_id = w.garage_id AND d.starts_at <= w.started_at
GROUP BY group
HAVING n + still_open > 0
ORDER BY group
