-- The customers' messages that need a reply, by how long they have waited; as in
-- unanswered.sql.
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
    multiIf(hours < 1, 'hour', hours < 4, 'morning', hours < 8, 'day', 'longer') AS age,
    count() AS value
FROM
(
    SELECT
        assumeNotNull(o.needs_reply_since) AS since,
        if('${clock}' = 'wall', dateDiff('microsecond', since, present),
            n.micros - greatest(n.year_ago, opened(since, a.starts_at, a.ends_at, a.before_micros))) / 36e8 AS hours
    FROM open AS o
    ASOF LEFT JOIN intervals AS a ON a.garage_id = o.garage_id AND a.starts_at <= assumeNotNull(o.needs_reply_since)
    LEFT JOIN elapsed AS n ON n.garage_id = o.garage_id
)
GROUP BY age
ORDER BY min(hours)
