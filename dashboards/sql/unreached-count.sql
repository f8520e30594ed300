-- Of the notifications of the last 24 hours: those that reached nobody. Where there
-- were none, nothing can be said.
WITH
    now64(6) AS present,
    told AS
    (
        SELECT notification_id, occurred_at,
            kind = 'DeliveryFailed' OR (kind = 'NotificationSuppressed' AND reason IN ('no_address', 'address_refused', 'tries_used_up')) AS lost
        FROM notices
        WHERE garage_id IN (${garage:singlequote}) AND occurred_at > present - INTERVAL 48 HOUR AND occurred_at <= present
            AND (lost OR kind = 'NotificationRequested')
    )
SELECT
    if(n = 0, NULL, uniqExactIf(notification_id, lost AND occurred_at > present - INTERVAL 24 HOUR)) AS value,
    uniqExactIf(notification_id, lost AND occurred_at <= present - INTERVAL 24 HOUR) AS before,
    uniqExactIf(notification_id, occurred_at > present - INTERVAL 24 HOUR) AS n
FROM told
