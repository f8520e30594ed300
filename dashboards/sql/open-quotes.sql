-- The open quotes, longest first. The opening time between two instants is
-- C(b) - C(a), read from the calendar by two ASOF JOINs.
WITH now64(6) AS present
SELECT
    w.plate AS plate,
    w.country AS country,
    w.customer_name AS customer,
    w.customer_phone AS phone,
    w.amount / 100 AS amount,
    w.waiting_since AS since,
    w.repair_id AS repair
FROM conversations AS w
WHERE w.garage_id IN (${garage:singlequote}) AND w.waiting AND w.waiting_since <= present
ORDER BY since, repair
LIMIT 200
