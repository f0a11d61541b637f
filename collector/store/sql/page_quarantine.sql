-- Records of one cluster that could not be read exactly.
SELECT
    backup_id,
    field,
    reason,
    raw_size_bytes,
    first_seen_at,
    last_seen_at,
    in_newest_listing
FROM inventory.quarantine
WHERE cluster_id = $1
ORDER BY last_seen_at DESC
LIMIT 20
