-- Longest waiting first, then those that wait for nothing, newest first; or all
-- of them newest first. A filter counts the time of what it asks for only. key
-- is what the list is sorted by, and the cursor's place in it.
WITH
    toDateTime64('2261-01-01 00:00:00', 6, 'UTC') AS never,
    multiIf(
        {filter:String} = 'needs-reply', ifNull(needs_reply_since, never),
        {filter:String} = 'waiting', ifNull(waiting_since, never),
        {filter:String} = 'call', ifNull(call_since, never),
        least(ifNull(needs_reply_since, never), ifNull(waiting_since, never), ifNull(call_since, never))) AS since,
    multiIf(
        {sort:String} = 'recent', -toUnixTimestamp64Micro(last_at),
        since = never, toUnixTimestamp64Micro(never) - toUnixTimestamp64Micro(last_at),
        toUnixTimestamp64Micro(since) - toUnixTimestamp64Micro(never)) AS key
SELECT
    key, repair_id, garage_id, external_ref, state, plate, country, vehicle,
    customer_id, customer_name, customer_email, customer_phone, customer_language,
    mechanic, needs_reply, waiting, call, call_reason, if(since = never, NULL, since) AS waits_since,
    amount, currency, last_at, message, message_kind
FROM conversations
WHERE garage_id IN {garages:Array(String)}
    AND multiIf({filter:String} = 'needs-reply', needs_reply, {filter:String} = 'waiting', waiting, {filter:String} = 'call', call, true)
    AND ({text:String} = ''
        OR ({plate:String} != '' AND position(plate, {plate:String}) > 0)
        OR positionCaseInsensitiveUTF8(customer_name, {text:String}) > 0
        OR positionCaseInsensitiveUTF8(external_ref, {text:String}) > 0
        OR startsWith(repair_id, {text:String}))
    AND (key, repair_id) > ({after:Int64}, {after_id:String})
ORDER BY key, repair_id
LIMIT {limit:Int32}
