-- Each quote that has been open for longer than its garage's target: by how many
-- opening minutes.
WITH
    functions,
    now64(6) AS present,
    elapsed,
    open AS
    (
        SELECT *
        FROM conversations
        WHERE waiting AND waiting_since <= present AND repair_id IN (SELECT repair_id FROM pending WHERE may_wait)
    )
SELECT
    g.name AS garage,
    shown(o.plate, o.country) AS plate,
    o.approver_phone AS phone,
    (n.micros - opened(assumeNotNull(o.waiting_since), a.starts_at, a.ends_at, a.before_micros)) / 6e7 - g.answer_within / 60 AS value
FROM open AS o
JOIN garages AS g ON g.garage_id = o.garage_id
JOIN elapsed AS n ON n.garage_id = o.garage_id
ASOF JOIN
(
    SELECT * FROM calendar
    WHERE garage_id IN (${garage:singlequote}) AND starts_at <= present
        AND starts_at > (SELECT min(waiting_since) FROM open) - INTERVAL 1 YEAR
) AS a ON a.garage_id = o.garage_id AND a.starts_at <= assumeNotNull(o.waiting_since)
WHERE value > 0
ORDER BY value DESC
LIMIT 200
