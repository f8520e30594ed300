-- What went wrong with notifications, by day of the garage's own clock: on a day in
-- between, nothing. A record that came twice counts once.
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
    day,
    uniqExactIf(event_id, kind = 'DeliveryDeferred') AS retries,
    uniqExactIf(event_id, kind = 'DeliveryFailed') AS failed,
    uniqExactIf(event_id, kind = 'CallTask') AS calls
FROM
(
    SELECT if(d.day = toDate(0), toDate(w.occurred_at), d.day) AS day, w.event_id AS event_id, w.kind AS kind
    FROM wrong AS w
    ASOF LEFT JOIN
    (
        SELECT garage_id, day, starts_at FROM days
        WHERE garage_id IN (${garage:singlequote}) AND starts_at > period_begins - INTERVAL 2 DAY AND starts_at < period_ends
    ) AS d ON d.garage_id = w.garage_id AND d.starts_at <= w.occurred_at

    UNION ALL
    SELECT DISTINCT day, '', ''
    FROM days
    WHERE garage_id IN (${garage:singlequote}) AND starts_at > period_begins - INTERVAL 1 DAY AND starts_at < period_ends
        AND (SELECT count() FROM wrong) > 0
)
GROUP BY day
ORDER BY day
