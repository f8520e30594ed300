SELECT garage_id, sequence, kind, occurred_at, actor_role, actor_id, data
FROM events FINAL
WHERE garage_id IN {garages:Array(String)} AND aggregate_id = {id:String}
ORDER BY sequence
