-- What monitoring asks of every managed cluster.
SELECT
    service,
    cluster_id,
    cluster_name,
    verdict,
    newest_created_at,
    extract(EPOCH FROM backup_age)::float8 AS backup_age_s,
    extract(EPOCH FROM max_age)::float8 AS max_age_s,
    extract(EPOCH FROM observation_age)::float8 AS observation_age_s,
    extract(EPOCH FROM observation_max_age)::float8 AS observation_max_age_s,
    live_backups,
    live_bytes::float8 AS live_bytes,
    held,
    quarantined,
    schedule_weakened_at
FROM inventory.vitals
ORDER BY cluster_id
