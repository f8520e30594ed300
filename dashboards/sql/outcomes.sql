-- What became of the quotes that were asked in the period. A rejection counts with
-- the first reason given.
WITH
    functions,
    period,
    asked AS
    (
        SELECT garage_id, repair_id, revision, outcome, amount, currency, started_at >= period_begins AS current
        FROM waits
        WHERE measure = 'approval' AND garage_id IN (${garage:singlequote}) AND started_at >= before_begins AND started_at < period_ends AND counted
    ),
    ['approved', 'partly_approved', 'rejected_price', 'rejected_later', 'rejected_elsewhere', 'rejected_other', 'rejected', 'expired'] AS known
SELECT
    multiIf(q.outcome = 'rejected' AND d.reason != '', concat('rejected_', d.reason), q.outcome) AS answer,
    countIf(q.current) AS value,
    countIf(NOT q.current) AS before,
    sumIf(money(q.amount, q.currency), q.current) AS asked,
    sumIf(money(d.approved, q.currency), q.current) AS agreed,
    q.currency AS currency
FROM asked AS q
LEFT JOIN
(
    SELECT repair_id, decision.revision AS revision, decision.approved AS approved, decision.reason AS reason
    FROM conversations
    ARRAY JOIN decisions AS decision
    WHERE (garage_id, repair_id) IN (SELECT garage_id, repair_id FROM asked)
) AS d ON d.repair_id = q.repair_id AND d.revision = q.revision
GROUP BY answer, currency
ORDER BY indexOf(known, answer), currency
