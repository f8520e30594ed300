-- rank orders what happened at the same time by cause and effect. A request or
-- delivery rests on an event, and follows it by its rests_on; what an event calls
-- off rests on an older one, and follows the event that did.
SELECT occurred_at, kind, actor_role, actor_id, sequence, data, request
FROM
(
    SELECT occurred_at, kind, actor_role, actor_id, sequence, data, '' AS request,
        sequence AS rests_on, 0 AS rank, 0 AS attempt, event_id
    FROM events FINAL
    WHERE garage_id IN {garages:Array(String)} AND aggregate_id = {id:String}

    UNION ALL
    SELECT o.occurred_at, 'CommandRefused', o.actor_role, o.actor_id, 0, o.data, c.data,
        o.sequence, 1, 0, o.event_id
    FROM
    (
        SELECT * FROM outcomes FINAL
        WHERE garage_id IN {garages:Array(String)} AND aggregate_id = {id:String} AND result = 'refused'
    ) AS o
    LEFT ANY JOIN
    (
        SELECT event_id, data FROM commands FINAL
        WHERE garage_id IN {garages:Array(String)} AND aggregate_id = {id:String}
    ) AS c ON c.event_id = o.causation_id

    UNION ALL
    SELECT n.occurred_at, n.kind, n.actor_role, n.actor_id, 0, n.data, '',
        greatest(n.rests_on, cause.sequence),
        multiIf(n.kind = 'NotificationRequested', 2, n.kind = 'NotificationSuppressed', 3, 5), n.attempt, n.event_id
    FROM
    (
        SELECT * FROM notifications FINAL
        WHERE garage_id IN {garages:Array(String)} AND aggregate_id = {id:String}
    ) AS n
    LEFT ANY JOIN
    (
        SELECT event_id, sequence FROM events FINAL
        WHERE garage_id IN {garages:Array(String)} AND aggregate_id = {id:String}
    ) AS cause ON cause.event_id = n.causation_id

    UNION ALL
    SELECT occurred_at, kind, actor_role, actor_id, 0, data, '',
        rests_on, 4, attempt, event_id
    FROM deliveries FINAL
    WHERE garage_id IN {garages:Array(String)} AND aggregate_id = {id:String}
)
ORDER BY occurred_at, rests_on, rank, attempt, event_id
