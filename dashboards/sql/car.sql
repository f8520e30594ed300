WITH
    functions
SELECT
    shown(plate, country) AS plate,
    vehicle,
    external_ref,
    state,
    waiting_for,
    customer_name AS customer,
    customer_phone AS phone,
    mechanic,
    started_at AS started,
    promised_at AS promised
FROM conversations
WHERE garage_id IN (${garage:singlequote}) AND repair_id = ${repair:singlequote}
