-- Each quote that has been open for longer than its garage's target: by how many
-- opening minutes. While the garage is closed nobody can call: no rows.
WITH
    functions,
    now64(6) AS present,
    elapsed,
    open AS
    (
        SELECT *
        FROM conversations
        WHERE waiting AND waiting_since <= present AND (garage_id, repair_id) IN (SELECT garage_id, repair_id FROM pending WHERE may_wait)
    )
SELECT
    g.name AS garage,
    shown(o.plate, o.country) AS plate,
    o.repair_id AS repair,
    (n.micros - greatest(n.year_ago, opened(assumeNotNull(o.waiting_since), a.starts_at, a.ends_at, a.before_micros))) / 6e7 - g.answer_within / 60 AS value
FROM open AS o
JOIN garages AS g ON g.garage_id = o.garage_id
JOIN elapsed AS n ON n.garage_id = o.garage_id
ASOF LEFT JOIN intervals AS a ON a.garage_id = o.garage_id AND a.starts_at <= assumeNotNull(o.waiting_since)
WHERE value > 0 AND o.garage_id IN (SELECT garage_id FROM intervals WHERE ends_at > present)
ORDER BY value DESC
LIMIT 200
