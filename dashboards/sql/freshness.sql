-- Everything that happened before as_of is in the figures.
WITH now64(6) AS present
SELECT
    if(count() = 0, NULL, greatest(0, dateDiff('millisecond', min(f.as_of), present) / 1000)) AS value,
    if(count() = 0, NULL, min(f.as_of)) AS as_of
FROM freshness AS f FINAL
