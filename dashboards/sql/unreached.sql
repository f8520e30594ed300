-- Who was to be told something in the last 24 hours, and was not: first those
-- who are to be called. A record that came twice is the same row.
WITH
    functions,
    now64(6) AS present,
    lost AS
    (
        SELECT DISTINCT garage_id, aggregate_id, event_id, occurred_at, about, recipient_role, recipient_id, if(kind = 'DeliveryFailed', 'refused', reason) AS reason
        FROM notices
        WHERE garage_id IN (${garage:singlequote}) AND occurred_at > present - INTERVAL 24 HOUR AND occurred_at <= present
            AND (kind = 'DeliveryFailed' OR (kind = 'NotificationSuppressed' AND reason IN ('no_address', 'address_refused', 'tries_used_up')))
    )
SELECT
    shown(c.plate, c.country) AS plate,
    g.name AS garage,
    if(c.call, 'call', 'settled') AS todo,
    multiIf(l.recipient_role = 'approver', c.approver_name, l.recipient_role = 'customer', c.customer_name, l.recipient_id) AS name,
    multiIf(l.recipient_role = 'approver', c.approver_phone, l.recipient_role = 'customer', c.customer_phone, '') AS phone,
    l.about AS about,
    l.reason AS reason,
    l.recipient_role AS recipient,
    l.occurred_at AS at,
    l.aggregate_id AS repair,
    count() OVER () AS total
FROM lost AS l
LEFT JOIN
(
    SELECT * FROM conversations
    WHERE (garage_id, repair_id) IN (SELECT garage_id, aggregate_id FROM lost)
) AS c ON c.repair_id = l.aggregate_id
LEFT JOIN (SELECT garage_id, name FROM garages) AS g ON g.garage_id = l.garage_id
ORDER BY todo, at DESC, repair, about
LIMIT 200
