-- One row: the command's outcome, or the command while it has none.
SELECT aggregate_id, garage_id, actor_role, actor_id, result, data
FROM
(
    SELECT aggregate_id, garage_id, actor_role, actor_id, result, data, 1 AS known
    FROM outcomes FINAL
    WHERE causation_id = {id:String} AND result != 'duplicate'
    UNION ALL
    SELECT aggregate_id, garage_id, actor_role, actor_id, 'pending', '{}', 0
    FROM commands FINAL
    WHERE event_id = {id:String}
)
ORDER BY known DESC
LIMIT 1
