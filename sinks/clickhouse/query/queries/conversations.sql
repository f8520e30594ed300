-- A page of the list: those who wait longest first, then those that wait for
-- nothing, newest first; or all of them newest first. A filter counts the time of
-- what it asks for only. key is what the list is sorted by, and the cursor's
-- place in it.
--
-- Only those that may wait for something, or that a search may find, are looked at
-- in full: a row of repairs may have a name from before it was corrected.
WITH
    toDateTime64('2261-01-01 00:00:00', 6, 'UTC') AS never,
    found AS
    (
        SELECT aggregate_id FROM repairs
        WHERE {text:String} != '' AND garage_id IN {garages:Array(String)}
            AND (({plate:String} != '' AND position(plate, {plate:String}) > 0)
                OR positionCaseInsensitiveUTF8(last_customer.name, {text:String}) > 0
                OR positionCaseInsensitiveUTF8(external_ref, {text:String}) > 0
                OR startsWith(aggregate_id, {text:String}))
    ),
    pending AS
    (
        SELECT
            repair_id,
            multiIf(
                {filter:String} = 'needs-reply', ifNull(needs_reply_since, never),
                {filter:String} = 'waiting', ifNull(waiting_since, never),
                {filter:String} = 'call', ifNull(call_since, never),
                least(ifNull(needs_reply_since, never), ifNull(waiting_since, never), ifNull(call_since, never))) AS since
        FROM conversations
        WHERE garage_id IN {garages:Array(String)} AND repair_id IN
        (
            SELECT repair_id FROM conversations
            WHERE garage_id IN {garages:Array(String)}
                AND multiIf(
                    {filter:String} = 'needs-reply', needs_reply,
                    {filter:String} = 'waiting', waiting,
                    {filter:String} = 'call', may_call,
                    needs_reply OR waiting OR may_call)
        )
    )
SELECT
    multiIf(
        {sort:String} = 'recent', -toUnixTimestamp64Micro(last_at),
        w.since = toDateTime64(0, 6, 'UTC') OR w.since = never, toUnixTimestamp64Micro(never) - toUnixTimestamp64Micro(last_at),
        toUnixTimestamp64Micro(w.since) - toUnixTimestamp64Micro(never)) AS key,
    c.repair_id AS repair_id
FROM
(
    SELECT repair_id, last_at FROM conversations
    WHERE garage_id IN {garages:Array(String)}
        AND ({text:String} = '' OR repair_id IN found
            AND (({plate:String} != '' AND position(plate, {plate:String}) > 0)
                OR positionCaseInsensitiveUTF8(customer_name, {text:String}) > 0
                OR positionCaseInsensitiveUTF8(external_ref, {text:String}) > 0
                OR startsWith(repair_id, {text:String})))
) AS c
LEFT ANY JOIN pending AS w ON w.repair_id = c.repair_id
WHERE ({filter:String} = '' OR (w.since != never AND w.since != toDateTime64(0, 6, 'UTC')))
    AND (key, repair_id) > ({after:Int64}, {after_id:String})
ORDER BY key, repair_id
LIMIT {limit:Int32}
