WITH
    functions
SELECT
    shown(c.plate, c.country) AS plate,
    g.name AS garage,
    toString(c.vehicle) AS vehicle,
    toString(c.external_ref) AS external_ref,
    c.state AS state,
    c.waiting_for AS waiting_for,
    c.customer_name AS customer,
    c.customer_phone AS phone,
    c.mechanic AS mechanic,
    toDateTime64(c.started_at, 6, 'UTC') AS started,
    c.promised_at AS promised
FROM
(
    SELECT * FROM conversations
    WHERE garage_id IN (${garage:singlequote}) AND repair_id = ${repair:singlequote}
) AS c
LEFT JOIN (SELECT garage_id, name FROM garages) AS g ON g.garage_id = c.garage_id
