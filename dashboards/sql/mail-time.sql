-- How long mails took from the request to their acceptance by a mail server.
WITH
    period,
    asked AS
    (
        SELECT started_at >= period_begins AS current, counted, open, wall_seconds AS seconds
        FROM waits
        WHERE measure = 'delivery' AND garage_id IN (${garage:singlequote}) AND started_at >= before_begins AND started_at < period_ends
    )
SELECT
    if(n = 0, NULL, quantileExactInclusiveIf(0.5)(seconds, current AND counted)) AS value,
    if(countIf(NOT current AND counted) = 0, NULL, quantileExactInclusiveIf(0.5)(seconds, NOT current AND counted)) AS before,
    countIf(current AND counted) AS n,
    if(n < 20, NULL, quantileExactInclusiveIf(0.9)(seconds, current AND counted)) AS p90,
    if(n < 100, NULL, quantileExactInclusiveIf(0.99)(seconds, current AND counted)) AS p99,
    countIf(current AND open) AS open
FROM asked
