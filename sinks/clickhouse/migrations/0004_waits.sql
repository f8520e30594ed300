-- +goose NO TRANSACTION
-- +goose Up

-- Each measured wait as it is known at last: as in 0001, but gathered from the
-- versions of the waits that are asked for. Whose a wait is and when it began is the
-- same in all of them, so that a question about a week, or some repairs, gathers
-- those; FINAL merges all there are.
CREATE OR REPLACE VIEW waits AS
SELECT
    garage_id,
    measure,
    latency_id,
    repair_id,
    started_at,
    ended_at,
    outcome,
    wall_micros / 1e6 AS wall_seconds,
    opening_micros / 1e6 AS opening_seconds,
    mechanic,
    revision,
    about,
    channel,
    amount,
    currency,
    CAST(outcome = '', 'Bool') AS open,
    CAST(multiIf(
        measure = 'delivery', outcome = 'accepted',
        measure = 'view', outcome = 'viewed',
        measure = 'response', outcome IN ('decided', 'message'),
        measure = 'approval', outcome IN ('approved', 'partly_approved', 'rejected', 'expired'),
        measure = 'staff_response', outcome = 'replied',
        measure = 'resume', outcome = 'resumed',
        measure = 'turnaround', outcome = 'completed',
        outcome != ''), 'Bool') AS counted
FROM
(
    SELECT
        garage_id,
        measure,
        latency_id,
        aggregate_id AS repair_id,
        started_at,
        argMax(tuple(latencies.ended_at), version).1 AS ended_at, -- a tuple, for without one NULL never counts
        argMax(latencies.outcome, version) AS outcome,
        argMax(latencies.wall_micros, version) AS wall_micros,
        argMax(latencies.opening_micros, version) AS opening_micros,
        argMax(latencies.mechanic, version) AS mechanic,
        argMax(latencies.revision, version) AS revision,
        argMax(latencies.about, version) AS about,
        argMax(latencies.channel, version) AS channel,
        argMax(latencies.amount, version) AS amount,
        argMax(latencies.currency, version) AS currency
    FROM latencies
    GROUP BY garage_id, measure, latency_id, aggregate_id, started_at
)
WHERE outcome != 'void';

-- Repairs that may wait for something: as in 0003, with fewer that do not, and with
-- when something last happened; of a repair in several parts, the last is the latest.
CREATE OR REPLACE VIEW pending AS
SELECT
    garage_id,
    aggregate_id AS repair_id,
    last_at,
    requested > greatest(settled, ended) AS may_wait,
    last_asked > greatest(answered, ended) AS may_need_reply,
    notEmpty(calls) AND arrayExists(c -> c.at >= spoken_at AND c.rests_on >= ended
        AND NOT arrayExists(q -> q.revision = c.revision AND q.sequence > c.rests_on, closed), calls) AS may_call
FROM repairs;
