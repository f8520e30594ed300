-- The repairs of a page, in any order.
SELECT
    repair_id, garage_id, external_ref, state, sequence, waiting_for, plate, country, vehicle,
    customer_id, customer_name, customer_email, customer_phone, customer_language, mechanic,
    needs_reply_since, waiting_since, call_since, call_reason, amount, currency,
    started_at, last_at, message, message_kind
FROM conversations
WHERE garage_id IN {garages:Array(String)} AND repair_id IN {ids:Array(String)}
