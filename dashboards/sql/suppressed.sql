-- Notifications that were not sent, by why not. A record that came twice counts once.
WITH
    period
SELECT
    reason,
    uniqExactIf(event_id, occurred_at >= period_begins) AS value,
    uniqExactIf(event_id, occurred_at < period_begins) AS before
FROM notices
WHERE kind = 'NotificationSuppressed' AND garage_id IN (${garage:singlequote})
    AND occurred_at >= before_begins AND occurred_at < period_ends
GROUP BY reason
ORDER BY value DESC, reason
