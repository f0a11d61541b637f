-- How much of the last 30, 90 and 365 days a cluster had a backup that was young enough.
SELECT
    window_days,
    attained,
    missed,
    unknown,
    longest_missed
FROM inventory.attainment
WHERE cluster_id = $1
ORDER BY window_days
LIMIT 3
