-- What happened around one repair, without the notes of staff, which are not for
-- managers. A customer's id is the garage system's: it names nobody.
WITH
    functions,
    whose AS -- the one garage of those asked for that has the repair
    (
        SELECT garage_id, repair_id FROM pending
        WHERE garage_id IN (${garage:singlequote}) AND repair_id = ${repair:singlequote}
    )
SELECT
    occurred_at AS at,
    multiIf(kind = 'QuoteDecided', decision, kind = 'MessagePosted', message_kind, kind) AS what,
    if(recipient_role = '', actor_role, '') AS who, -- nobody does what is done to a mail
    recipient_role AS recipient,
    multiIf((who || recipient) IN ('customer', 'approver'), '', recipient = '', actor_id, recipient_id) AS name,
    about,
    if(t.revision = 0, NULL, t.revision) AS revision,
    if(kind IN ('RepairStarted', 'ApprovalRequested', 'QuoteDecided', 'RepairCompleted'), money(t.amount, charged_in), NULL) AS amount,
    if(amount IS NULL, '', charged_in) AS currency,
    detail
FROM
(
    SELECT *, if(currency = '', max(currency) OVER (), currency) AS charged_in
    FROM timeline
    WHERE (garage_id, repair_id) IN whose AND message_kind != 'note'
) AS t
ORDER BY occurred_at, rests_on, rank, attempt, event_id
