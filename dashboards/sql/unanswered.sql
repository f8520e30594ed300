-- The customers' messages that need a reply, oldest first. Once the car is collected,
-- or the repair cancelled, nobody waits: "Thanks!" needs no reply.
WITH
    functions,
    now64(6) AS present,
    elapsed,
    open AS
    (
        SELECT *
        FROM conversations
        WHERE needs_reply AND needs_reply_since <= present AND state NOT IN ('collected', 'cancelled') AND (garage_id, repair_id) IN
        (
            SELECT garage_id, repair_id FROM pending WHERE garage_id IN (${garage:singlequote}) AND may_need_reply
        )
    )
SELECT
    shown(o.plate, o.country) AS plate,
    g.name AS garage,
    o.customer_name AS customer,
    o.customer_phone AS phone,
    o.mechanic AS mechanic,
    assumeNotNull(o.needs_reply_since) AS since,
    if('${clock}' = 'wall', dateDiff('microsecond', since, present),
        n.micros - greatest(n.year_ago, opened(since, a.starts_at, a.ends_at, a.before_micros))) / 6e7 AS waiting,
    o.repair_id AS repair,
    count() OVER () AS total
FROM open AS o
ASOF LEFT JOIN intervals AS a ON a.garage_id = o.garage_id AND a.starts_at <= assumeNotNull(o.needs_reply_since)
LEFT JOIN elapsed AS n ON n.garage_id = o.garage_id
LEFT JOIN (SELECT garage_id, name FROM garages) AS g ON g.garage_id = o.garage_id
ORDER BY waiting DESC, since, repair
LIMIT 200
