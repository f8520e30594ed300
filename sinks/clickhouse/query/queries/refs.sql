-- A row may come from a call task before the repair's first event, which has the
-- reference, does.
SELECT aggregate_id, max(external_ref)
FROM repairs
WHERE garage_id IN {garages:Array(String)} AND aggregate_id IN {ids:Array(String)}
GROUP BY aggregate_id
HAVING max(sequence) > 0
