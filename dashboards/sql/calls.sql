-- Whom to call, longest first: about a quote who approves, else the customer.
WITH
    functions,
    now64(6) AS present,
    elapsed,
    open AS
    (
        SELECT *
        FROM conversations
        WHERE call_since <= present AND (garage_id, repair_id) IN
        (
            SELECT garage_id, repair_id FROM conversations
            WHERE call AND (garage_id, repair_id) IN (SELECT garage_id, repair_id FROM pending WHERE garage_id IN (${garage:singlequote}) AND may_call)
        )
    )
SELECT
    shown(o.plate, o.country) AS plate,
    g.name AS garage,
    if(o.waiting, o.approver_name, o.customer_name) AS customer,
    if(o.waiting, o.approver_phone, o.customer_phone) AS phone,
    o.call_reason AS reason,
    o.mechanic AS mechanic,
    assumeNotNull(o.call_since) AS since,
    if('${clock}' = 'wall', dateDiff('microsecond', since, present),
        n.micros - greatest(n.year_ago, opened(since, a.starts_at, a.ends_at, a.before_micros))) / 6e7 AS waiting,
    o.repair_id AS repair,
    count() OVER () AS total
FROM open AS o
ASOF LEFT JOIN intervals AS a ON a.garage_id = o.garage_id AND a.starts_at <= assumeNotNull(o.call_since)
LEFT JOIN elapsed AS n ON n.garage_id = o.garage_id
LEFT JOIN (SELECT garage_id, name FROM garages) AS g ON g.garage_id = o.garage_id
ORDER BY waiting DESC, since, repair
LIMIT 200
