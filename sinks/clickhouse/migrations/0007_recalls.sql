-- +goose NO TRANSACTION
-- +goose Up

-- The timeline without what the roles say to each other: that a request is taken back
-- (NotificationRecalled) and that its attempt was not made (DeliveryWithheld). What
-- people need to know of it is in the NotificationSuppressed that follows.
-- Everything that happened around a repair: its events, the commands that were
-- refused, what people were told or not told and why, what the mail servers said,
-- and who must be called. Select by garage_id and repair_id: the condition reaches the
-- key of every table.
--
-- What happened at the same time is in the order of cause and effect by rests_on,
-- rank, attempt and event_id. A request or delivery follows the event that it rests
-- on. A suppressed notification has the rests_on of an older event, and follows the
-- event that suppressed it.
CREATE OR REPLACE VIEW timeline AS
SELECT
    garage_id,
    aggregate_id AS repair_id,
    occurred_at,
    sequence AS rests_on,
    0 AS rank,
    0 AS attempt,
    event_id,
    kind,
    actor_role,
    actor_id,
    sequence,
    '' AS recipient_role,
    '' AS recipient_id,
    '' AS about,
    revision,
    decision,
    message_kind,
    amount,
    currency,
    method AS detail, -- the method of a decision, the code of a refusal, the reason of a suppression or a call task
    data,
    '' AS request -- the data of a command that was refused
FROM events FINAL

UNION ALL
SELECT o.garage_id, o.aggregate_id, o.occurred_at, o.sequence, 1, 0, o.event_id, 'CommandRefused', o.actor_role, o.actor_id, 0,
    '', '', '', 0, '', '', 0, '', o.code, o.data, c.data
FROM (SELECT * FROM outcomes FINAL WHERE result = 'refused') AS o
LEFT ANY JOIN (SELECT garage_id, aggregate_id, event_id, data FROM commands FINAL) AS c
    ON c.garage_id = o.garage_id AND c.aggregate_id = o.aggregate_id AND c.event_id = o.causation_id

UNION ALL
SELECT n.garage_id, n.aggregate_id, n.occurred_at, greatest(n.rests_on, cause.sequence),
    multiIf(n.kind = 'NotificationRequested', 2, n.kind = 'NotificationSuppressed', 3, 5), n.attempt, n.event_id, n.kind, n.actor_role, n.actor_id, 0,
    n.recipient_role, n.recipient_id, n.about, n.revision, '', '', 0, '', n.reason, n.data, ''
FROM (SELECT * FROM notifications FINAL WHERE kind != 'NotificationRecalled') AS n
LEFT ANY JOIN (SELECT garage_id, aggregate_id, event_id, sequence FROM events FINAL) AS cause
    ON cause.garage_id = n.garage_id AND cause.aggregate_id = n.aggregate_id AND cause.event_id = n.causation_id

UNION ALL
SELECT garage_id, aggregate_id, occurred_at, rests_on, 4, attempt, event_id, kind, actor_role, actor_id, 0,
    recipient_role, recipient_id, about, revision, '', '', 0, '', '', data, ''
FROM deliveries FINAL
WHERE kind != 'DeliveryWithheld';
