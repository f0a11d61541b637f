-- Backups of a cluster that say of no instant when they were completed.
SELECT
    backup_id,
    state
FROM inventory.backup_times
WHERE cluster_id = $1 AND created_at IS NULL
ORDER BY backup_id
LIMIT 20
