-- Index names that the newest backup of a cluster no longer names.
SELECT
    index_name,
    verdict
FROM inventory.dropped_indices
WHERE cluster_id = $1
ORDER BY index_name
LIMIT 100
