-- One page of a cluster's backups, the newest first.
SELECT
    backup_id,
    created_at,
    created_at_ns,
    state,
    size_bytes,
    incremental_size_bytes,
    total_size_bytes,
    finished
FROM inventory.backup_times
WHERE
    cluster_id = $1
    AND (created_at, created_at_ns, backup_id) < ($2::timestamptz, $3::smallint, $4::text)
ORDER BY created_at DESC, created_at_ns DESC, backup_id DESC
LIMIT $5::integer
