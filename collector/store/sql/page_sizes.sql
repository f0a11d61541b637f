-- How large a cluster's newest backups are.
SELECT
    created_at,
    size_bytes
FROM inventory.backup_times
WHERE
    cluster_id = $1
    AND created_at > now() - $2::interval
    AND created_at <= now() + INTERVAL '1 hour'
    AND finished
    AND size_bytes IS NOT NULL
ORDER BY created_at DESC
LIMIT $3::integer
