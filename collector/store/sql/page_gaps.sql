-- The newest spans of a cluster without a backup.
SELECT
    gap_started_at,
    gap_ended_at,
    gap_duration,
    max_age,
    before_backup_id,
    after_backup_id,
    collection_hole,
    proven
FROM inventory.gaps
WHERE cluster_id = $1
ORDER BY gap_started_at DESC
LIMIT 20
