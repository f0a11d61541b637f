-- The verdict on every configured cluster, the worst first, within a verdict the oldest backup first.
SELECT
    service,
    cluster_id,
    cluster_name,
    labels,
    verdict,
    newest_backup_id,
    newest_created_at,
    newest_created_at_ns,
    backup_age,
    max_age,
    observed_at,
    observation_age,
    live_backups
FROM inventory.freshness
ORDER BY
    array_position(ARRAY['unknown', 'stale', 'fresh'], verdict),
    newest_created_at NULLS FIRST,
    cluster_name,
    cluster_id
