-- Answers within an hour. A quote that has been open for longer is a no; one that
-- is younger is left out.
WITH
    functions,
    period,
    3600 AS in_time, -- seconds
    now64(6) AS present,
    elapsed,
    asked AS
    (
        SELECT garage_id, started_at, outcome, open, opening_seconds
        FROM waits
        WHERE measure = 'approval' AND garage_id IN (${garage:singlequote}) AND started_at >= before_begins AND started_at < period_ends
    ),
    judged AS
    (
        SELECT
            q.started_at >= period_begins AS current,
            q.outcome AS outcome,
            if(q.open, (n.micros - greatest(n.year_ago, opened(q.started_at, a.starts_at, a.ends_at, a.before_micros))) / 1e6, q.opening_seconds) AS seconds,
            multiIf(
                q.outcome IN ('withdrawn', 'replaced', 'cancelled'), 'apart',
                q.open AND seconds <= in_time, 'young',
                q.outcome IN ('approved', 'partly_approved', 'rejected') AND seconds <= in_time, 'yes',
                'no') AS verdict
        FROM asked AS q
        ASOF LEFT JOIN intervals AS a ON a.garage_id = q.garage_id AND a.starts_at <= q.started_at
        LEFT JOIN elapsed AS n ON n.garage_id = q.garage_id
    )
SELECT
    100 * countIf(current AND verdict = 'yes') / nullIf(countIf(current AND verdict IN ('yes', 'no')), 0) AS value,
    100 * countIf(NOT current AND verdict = 'yes') / nullIf(countIf(NOT current AND verdict IN ('yes', 'no')), 0) AS before,
    countIf(current AND verdict IN ('yes', 'no')) AS n,
    countIf(current AND verdict = 'young') AS young,
    countIf(current AND outcome IN ('withdrawn', 'cancelled')) AS withdrawn,
    countIf(current AND outcome = 'replaced') AS replaced
FROM judged
