SELECT occurred_at, kind, actor_role, actor_id, sequence, data, request
FROM timeline
WHERE garage_id IN {garages:Array(String)} AND repair_id = {id:String}
ORDER BY occurred_at, rests_on, rank, attempt, event_id
