-- What is stored of the clusters of a source, and of those that it names now.
SELECT
    cluster_id,
    source,
    service,
    folder_id,
    name,
    labels,
    environment,
    status,
    health,
    extract(EPOCH FROM schedule_period)::float8 AS period_s,
    retention_days,
    matched,
    gone_since IS NOT NULL AS gone
FROM collector.discovered_cluster
WHERE source = $1 OR cluster_id = ANY($2::text [])
