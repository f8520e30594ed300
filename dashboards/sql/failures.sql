-- What went wrong with notifications, by day of the garage's own clock. A record
-- that came twice counts once.
WITH
    period,
    wrong AS
    (
        SELECT garage_id, event_id, occurred_at, kind
        FROM notices
        WHERE kind IN ('CallTask', 'DeliveryFailed', 'DeliveryDeferred') AND garage_id IN (${garage:singlequote})
            AND occurred_at >= period_begins AND occurred_at < period_ends
    )
SELECT
    if(d.day = toDate(0), toDate(w.occurred_at), d.day) AS day,
    uniqExactIf(w.event_id, w.kind = 'DeliveryDeferred') AS retries,
    uniqExactIf(w.event_id, w.kind = 'DeliveryFailed') AS failed,
    uniqExactIf(w.event_id, w.kind = 'CallTask') AS calls
FROM wrong AS w
ASOF LEFT JOIN
(
    SELECT garage_id, day, starts_at FROM days
    WHERE garage_id IN (${garage:singlequote}) AND starts_at > period_begins - INTERVAL 2 DAY AND starts_at < period_ends
) AS d ON d.garage_id = w.garage_id AND d.starts_at <= w.occurred_at
GROUP BY day
ORDER BY day
