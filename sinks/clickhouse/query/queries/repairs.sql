-- A page of the list, the last started first. key is what it is sorted by, and
-- the cursor's place in it.
SELECT -toUnixTimestamp64Micro(started_at) AS key, repair_id
FROM conversations
WHERE garage_id IN {garages:Array(String)}
    AND (empty({states:Array(String)}) OR state IN {states:Array(String)})
    AND ({since:DateTime64(6, 'UTC')} = toDateTime64(0, 6, 'UTC') OR repair_id IN
    (
        -- By the log's time: what happened earlier may be reported later.
        SELECT aggregate_id FROM events
        WHERE garage_id IN {changed:Array(String)} AND logged_at >= {since:DateTime64(6, 'UTC')}
    ))
    AND ({plate:String} = '' OR plate = {plate:String})
    AND ({ref:String} = '' OR external_ref = {ref:String})
    AND (key, repair_id) > ({after:Int64}, {after_id:String})
ORDER BY key, repair_id
LIMIT {limit:Int32}
