-- How far the requests for approval of the period came. Those that were withdrawn,
-- replaced or cancelled do not count.
WITH
    period,
    asked AS
    (
        SELECT repair_id, revision, started_at >= period_begins AS current, outcome IN ('approved', 'partly_approved', 'rejected') AS answered
        FROM waits
        WHERE measure = 'approval' AND garage_id IN (${garage:singlequote}) AND started_at >= before_begins AND started_at < period_ends
            AND outcome NOT IN ('withdrawn', 'replaced', 'cancelled')
    ),
    -- A view is waited for from the moment that a mail server has the request.
    mailed AS
    (
        SELECT repair_id, revision, outcome = 'viewed' AS viewed, true AS accepted
        FROM waits
        WHERE measure = 'view' AND garage_id IN (${garage:singlequote}) AND started_at >= before_begins
    )
SELECT
    ['asked', 'accepted', 'viewed', 'answered'][place] AS step,
    countIf(current AND there) AS value,
    countIf(NOT current AND there) AS before,
    100 * value / nullIf(countIf(current), 0) AS share
FROM
(
    SELECT q.current AS current, there, place
    FROM asked AS q
    LEFT JOIN mailed AS m ON m.repair_id = q.repair_id AND m.revision = q.revision
    ARRAY JOIN [true, m.accepted, m.viewed, q.answered] AS there, [1, 2, 3, 4] AS place
)
GROUP BY place
ORDER BY place
