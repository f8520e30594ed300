-- From the question to the work going on, in four steps that add up: means, since
-- medians do not. Of quotes that were answered and after which the work went on. Who
-- answered without having looked, by phone say, was deciding all the while.
WITH
    functions,
    period,
    intervals AS
    (
        SELECT * FROM calendar
        WHERE garage_id IN (${garage:singlequote}) AND starts_at > before_begins - INTERVAL 1 YEAR
    ),
    quotes AS
    (
        SELECT q.garage_id AS garage_id, q.started_at AS asked_at, q.took AS answered, r.took AS resumed,
            if(v.repair_id = '', asked_at, v.started_at) AS mailed_at, v.took AS seen
        FROM
        (
            SELECT garage_id, repair_id, revision, started_at, if('${clock}' = 'wall', wall_seconds, opening_seconds) / 60 AS took
            FROM waits
            WHERE measure = 'approval' AND garage_id IN (${garage:singlequote}) AND started_at >= before_begins AND started_at < period_ends
                AND outcome IN ('approved', 'partly_approved', 'rejected')
        ) AS q
        JOIN
        (
            SELECT repair_id, revision, if('${clock}' = 'wall', wall_seconds, opening_seconds) / 60 AS took
            FROM waits
            WHERE measure = 'resume' AND garage_id IN (${garage:singlequote}) AND started_at >= before_begins AND outcome = 'resumed'
        ) AS r ON r.repair_id = q.repair_id AND r.revision = q.revision
        LEFT JOIN
        (
            SELECT repair_id, revision, started_at, if(outcome != 'viewed', 0, if('${clock}' = 'wall', wall_seconds, opening_seconds)) / 60 AS took
            FROM waits
            WHERE measure = 'view' AND garage_id IN (${garage:singlequote}) AND started_at >= before_begins
        ) AS v ON v.repair_id = q.repair_id AND v.revision = q.revision
    ),
    parts AS
    (
        SELECT q.asked_at >= period_begins AS current, q.answered AS answered, q.resumed AS resumed,
            least(answered, if('${clock}' = 'wall', dateDiff('microsecond', q.asked_at, q.mailed_at),
                opened(q.mailed_at, b.starts_at, b.ends_at, b.before_micros) - opened(q.asked_at, a.starts_at, a.ends_at, a.before_micros)) / 6e7) AS mail,
            least(answered - mail, q.seen) AS view
        FROM quotes AS q
        ASOF LEFT JOIN intervals AS a ON a.garage_id = q.garage_id AND a.starts_at <= q.asked_at
        ASOF LEFT JOIN intervals AS b ON b.garage_id = q.garage_id AND b.starts_at <= q.mailed_at
    )
SELECT
    ['mail', 'view', 'decide', 'resume'][place] AS step,
    avgOrNullIf(minutes, current) AS value,
    avgOrNullIf(minutes, NOT current) AS before,
    countIf(current) AS n
FROM
(
    SELECT current, minutes, place
    FROM parts
    ARRAY JOIN [mail, view, answered - mail - view, resumed] AS minutes, [1, 2, 3, 4] AS place
)
GROUP BY place
ORDER BY place
