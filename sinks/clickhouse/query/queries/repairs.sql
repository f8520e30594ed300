-- A page of the list, the last started first. key is what it is sorted by, and
-- the cursor's place in it.
SELECT -toUnixTimestamp64Micro(started_at) AS key, repair_id
FROM conversations
WHERE garage_id IN {garages:Array(String)}
    AND ({state:String} = '' OR state = {state:String})
    AND ({plate:String} = '' OR plate = {plate:String})
    AND ({ref:String} = '' OR external_ref = {ref:String})
    AND (key, repair_id) > ({after:Int64}, {after_id:String})
ORDER BY key, repair_id
LIMIT {limit:Int32}
