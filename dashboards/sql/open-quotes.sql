-- The open quotes, longest first. The opening time of a wait is what the calendar
-- counts up to now, less what it counted when the wait began: an ASOF JOIN.
WITH
    functions,
    now64(6) AS present,
    elapsed,
    open AS
    (
        SELECT *
        FROM conversations
        WHERE waiting AND waiting_since <= present AND (garage_id, repair_id) IN
        (
            SELECT garage_id, repair_id FROM pending WHERE garage_id IN (${garage:singlequote}) AND may_wait
        )
    )
SELECT
    shown(o.plate, o.country) AS plate,
    g.name AS garage,
    o.approver_name AS customer,
    o.approver_phone AS phone,
    money(o.amount, o.currency) AS amount,
    o.currency AS currency,
    multiIf(o.needs_reply AND e.wrote, 'wrote', e.viewed = o.revision OR e.wrote, 'viewed', d.accepted, 'mailed', 'unreached') AS state,
    assumeNotNull(o.waiting_since) AS since,
    if('${clock}' = 'wall', dateDiff('microsecond', since, present),
        n.micros - greatest(n.year_ago, opened(since, a.starts_at, a.ends_at, a.before_micros))) / 6e7 AS waiting,
    o.repair_id AS repair,
    count() OVER () AS total
FROM open AS o
ASOF LEFT JOIN intervals AS a ON a.garage_id = o.garage_id AND a.starts_at <= assumeNotNull(o.waiting_since)
LEFT JOIN elapsed AS n ON n.garage_id = o.garage_id
LEFT JOIN (SELECT garage_id, name FROM garages) AS g ON g.garage_id = o.garage_id
LEFT JOIN
(
    -- Who wrote since the question has seen it. The last message needs a reply if any does.
    SELECT
        aggregate_id,
        maxIf(revision, kind = 'QuoteViewed') AS viewed,
        maxIf(sequence, kind = 'MessagePosted' AND side = 'customer') > maxIf(sequence, kind = 'ApprovalRequested') AS wrote
    FROM events
    WHERE kind IN ('ApprovalRequested', 'QuoteViewed', 'MessagePosted')
        AND (garage_id, aggregate_id) IN (SELECT garage_id, repair_id FROM pending WHERE garage_id IN (${garage:singlequote}) AND may_wait)
    GROUP BY aggregate_id
) AS e ON e.aggregate_id = o.repair_id
LEFT JOIN
(
    SELECT DISTINCT aggregate_id, revision, true AS accepted
    FROM deliveries
    WHERE kind = 'DeliveryAccepted' AND about IN ('approval_required', 'approval_reminder')
        AND (garage_id, aggregate_id) IN (SELECT garage_id, repair_id FROM pending WHERE garage_id IN (${garage:singlequote}) AND may_wait)
) AS d ON d.aggregate_id = o.repair_id AND d.revision = o.revision
ORDER BY waiting DESC, since, repair
LIMIT 200
