-- How long the waits of a measure took.
WITH
    period,
    asked AS
    (
        SELECT started_at >= period_begins AS current, counted, open, if('${clock}' = 'wall', wall_seconds, opening_seconds) / 60 AS minutes
        FROM waits
        WHERE measure = '${measure}' AND garage_id IN (${garage:singlequote}) AND started_at >= before_begins AND started_at < period_ends
    )
SELECT
    if(n = 0, NULL, quantileExactInclusiveIf(0.5)(minutes, current AND counted)) AS value,
    if(countIf(NOT current AND counted) = 0, NULL, quantileExactInclusiveIf(0.5)(minutes, NOT current AND counted)) AS before,
    countIf(current AND counted) AS n,
    if(n < 20, NULL, quantileExactInclusiveIf(0.9)(minutes, current AND counted)) AS p90,
    if(n < 100, NULL, quantileExactInclusiveIf(0.99)(minutes, current AND counted)) AS p99,
    countIf(current AND open) AS open
FROM asked
