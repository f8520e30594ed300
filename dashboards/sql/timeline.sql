-- What happened around one repair. rank orders what happened at the same time by
-- cause and effect: what an event calls off rests on an older one, and follows the
-- event that did. A customer's id is the garage system's: it names nobody.
WITH
    functions,
    whose AS -- the one garage of those asked for that has the repair
    (
        SELECT garage_id, repair_id FROM pending
        WHERE garage_id IN (${garage:singlequote}) AND repair_id = ${repair:singlequote}
    ),
    facts AS
    (
        SELECT event_id, kind, occurred_at, sequence, actor_role, actor_id, revision, decision, message_kind, method, amount, currency
        FROM events FINAL
        WHERE (garage_id, aggregate_id) IN whose
    ),
    (SELECT max(currency) FROM facts) AS currency_of_all
SELECT occurred_at AS at, what, who, if(who IN ('customer', 'approver'), '', name) AS name, about, if(revision = 0, NULL, revision) AS revision, amount,
    if(amount IS NULL, '', charged_in) AS currency, detail
FROM
(
    SELECT event_id, occurred_at, sequence AS rests_on, 0 AS rank, 0 AS attempt,
        multiIf(kind = 'QuoteDecided', decision, kind = 'MessagePosted', message_kind, kind) AS what,
        '' AS about, actor_role AS who, actor_id AS name, revision,
        if(kind IN ('RepairStarted', 'ApprovalRequested', 'QuoteDecided', 'RepairCompleted'),
            money(amount, charged_in), NULL) AS amount,
        if(currency = '', currency_of_all, currency) AS charged_in, method AS detail
    FROM facts

    UNION ALL
    SELECT n.event_id, n.occurred_at, greatest(n.rests_on, cause.sequence),
        multiIf(n.kind = 'NotificationRequested', 1, n.kind = 'NotificationSuppressed', 2, 4), n.attempt,
        n.kind, n.about, n.recipient_role, n.recipient_id, n.revision, NULL, '', n.reason
    FROM
    (
        SELECT event_id, causation_id, kind, occurred_at, rests_on, attempt, about, recipient_role, recipient_id, revision, reason
        FROM notifications FINAL
        WHERE (garage_id, aggregate_id) IN whose
    ) AS n
    LEFT ANY JOIN (SELECT event_id, sequence FROM facts) AS cause ON cause.event_id = n.causation_id

    UNION ALL
    SELECT event_id, occurred_at, rests_on, 3, attempt,
        kind, about, recipient_role, recipient_id, revision, NULL, '', ''
    FROM deliveries FINAL
    WHERE (garage_id, aggregate_id) IN whose
)
ORDER BY occurred_at, rests_on, rank, attempt, event_id
