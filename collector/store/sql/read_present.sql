-- Every cluster that the sources asked now hold, by the newest reading of each.
SELECT
    d.cluster_id,
    d.service,
    d.folder_id,
    d.name,
    d.labels,
    d.environment,
    d.status,
    d.health,
    extract(EPOCH FROM d.schedule_period)::float8 AS period_s,
    d.retention_days,
    d.matched
FROM collector.discovered_cluster AS d
INNER JOIN collector.discovery_source AS s ON s.source = d.source
WHERE s.active AND d.gone_since IS NULL
ORDER BY d.cluster_id
