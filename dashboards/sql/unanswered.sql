-- The customers' messages that need a reply, oldest first.
WITH
    functions,
    now64(6) AS present,
    elapsed,
    open AS
    (
        SELECT *
        FROM conversations
        WHERE garage_id IN (${garage:singlequote}) AND needs_reply AND needs_reply_since <= present AND repair_id IN
        (
            SELECT repair_id FROM pending WHERE garage_id IN (${garage:singlequote}) AND may_need_reply
        )
    )
SELECT
    shown(o.plate, o.country) AS plate,
    o.customer_name AS customer,
    o.customer_phone AS phone,
    o.mechanic AS mechanic,
    assumeNotNull(o.needs_reply_since) AS since,
    if('${clock}' = 'wall', dateDiff('microsecond', since, present),
        greatest(0, n.micros - opened(since, a.starts_at, a.ends_at, a.before_micros))) / 6e7 AS waiting,
    o.repair_id AS repair
FROM open AS o
ASOF LEFT JOIN
(
    SELECT * FROM calendar
    WHERE garage_id IN (${garage:singlequote}) AND starts_at <= present
        AND starts_at > (SELECT min(needs_reply_since) FROM open) - INTERVAL 1 YEAR
) AS a ON a.garage_id = o.garage_id AND a.starts_at <= assumeNotNull(o.needs_reply_since)
LEFT JOIN elapsed AS n ON n.garage_id = o.garage_id
ORDER BY waiting DESC, since, repair
LIMIT 200
