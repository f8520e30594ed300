-- How many mails were requested between 35 and 5 minutes ago, if no mail at all was
-- accepted since.
WITH now64(6) AS present
SELECT uniqExact(notification_id) AS value
FROM notices
WHERE kind = 'NotificationRequested' AND occurred_at > present - INTERVAL 35 MINUTE AND occurred_at <= present - INTERVAL 5 MINUTE
HAVING value >= 3 AND (SELECT count() FROM notices WHERE kind = 'DeliveryAccepted' AND occurred_at > present - INTERVAL 35 MINUTE) = 0
