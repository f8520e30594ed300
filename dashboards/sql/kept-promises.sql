-- Of the repairs completed in the period: those that were ready by the first time
-- that was promised. Those without a promise stand apart.
WITH
    period,
    active AS -- since then: those completed are among them
    (
        SELECT garage_id, repair_id FROM pending WHERE garage_id IN (${garage:singlequote}) AND last_at >= before_begins
    ),
    completed AS
    (
        SELECT repair_id, assumeNotNull(ended_at) AS at
        FROM waits
        WHERE measure = 'turnaround' AND garage_id IN (${garage:singlequote}) AND outcome = 'completed'
            AND (garage_id, repair_id) IN active AND ended_at >= before_begins AND ended_at < period_ends
    )
SELECT
    100 * countIf(current AND kept) / nullIf(countIf(current AND promised), 0) AS value,
    100 * countIf(NOT current AND kept) / nullIf(countIf(NOT current AND promised), 0) AS before,
    countIf(current AND promised) AS n,
    countIf(current AND NOT promised) AS unpromised
FROM
(
    SELECT w.at >= period_begins AS current, p.promised_at IS NOT NULL AS promised, ifNull(w.at <= p.promised_at, 0) AS kept
    FROM completed AS w
    LEFT JOIN
    (
        SELECT repair_id, promised_at
        FROM conversations
        WHERE (garage_id, repair_id) IN active
    ) AS p ON p.repair_id = w.repair_id
)
