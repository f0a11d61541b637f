-- Write clusters that are new, or not as they were.
INSERT INTO collector.discovered_cluster AS d (
    cluster_id, source, service, folder_id, name, labels, environment, status, health, schedule_period, retention_days,
    matched, stopped_since, first_seen_at, changed_at
)
SELECT
    n.cluster_id,
    $1,
    n.service,
    n.folder_id,
    n.name,
    n.labels,
    n.environment,
    n.status,
    n.health,
    make_interval(secs => n.period_s),
    n.retention_days,
    n.matched,
    CASE WHEN n.status = 'STOPPED' THEN $2::timestamptz END,
    $2::timestamptz,
    $2::timestamptz
FROM unnest(
    $3::text [], $4::text [], $5::text [], $6::text [], $7::jsonb [], $8::text [], $9::text [], $10::text [],
    $11::float8 [], $12::integer [], $13::boolean []
) AS n (
    cluster_id, service, folder_id, name, labels, environment, status, health, period_s, retention_days, matched
)
ON CONFLICT (cluster_id) DO UPDATE SET
    source = excluded.source,
    service = excluded.service,
    folder_id = excluded.folder_id,
    name = excluded.name,
    labels = excluded.labels,
    environment = excluded.environment,
    status = excluded.status,
    health = excluded.health,
    schedule_period = excluded.schedule_period,
    retention_days = excluded.retention_days,
    matched = excluded.matched,
    stopped_since = CASE WHEN excluded.status = 'STOPPED' THEN coalesce(d.stopped_since, excluded.stopped_since) END,
    stopped_after = CASE
        WHEN excluded.status <> 'STOPPED' OR excluded.status IS NULL THEN NULL
        WHEN d.stopped_since IS NOT NULL THEN d.stopped_after
        ELSE coalesce(
            d.last_seen_at,
            greatest(
                d.changed_at, (SELECT s.observed_at FROM collector.discovery_source AS s WHERE s.source = d.source)
            )
        )
    END,
    changed_at = excluded.changed_at,
    last_seen_at = NULL,
    gone_since = NULL
