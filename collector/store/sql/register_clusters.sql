-- Make the table of clusters agree with the configuration and what was discovered; touch no row that already does. A
-- retention that was written by hand, so has no source, stays until somebody says otherwise.
INSERT INTO collector.cluster AS c (
    cluster_id, service, name, folder_id, labels, source, managed, max_age, max_age_source, retention,
    retention_source, observation_max_age
)
SELECT
    n.cluster_id,
    n.service,
    n.name,
    coalesce(n.folder_id, old.folder_id),
    n.labels,
    n.source,
    true,
    make_interval(secs => n.max_age_s),
    n.max_age_source,
    CASE
        WHEN coalesce(n.retention_source, old.retention_source) IS NULL THEN old.retention
        ELSE make_interval(secs => n.retention_s)
    END,
    n.retention_source,
    make_interval(secs => $11)
FROM unnest(
    $1::text [], $2::text [], $3::text [], $4::text [], $5::jsonb [], $6::text [], $7::float8 [], $8::text [],
    $9::float8 [], $10::text []
) AS n (
    cluster_id, service, name, folder_id, labels, source, max_age_s, max_age_source, retention_s, retention_source
)
LEFT JOIN collector.cluster AS old ON old.cluster_id = n.cluster_id
WHERE
    old.cluster_id IS NULL
    OR old.folder_id IS DISTINCT FROM coalesce(n.folder_id, old.folder_id)
    OR (
        old.service, old.name, old.labels, old.source, old.managed, old.max_age, old.max_age_source,
        old.retention_source, old.observation_max_age
    )
    IS DISTINCT FROM
    (
        n.service, n.name, n.labels, n.source, true, make_interval(secs => n.max_age_s), n.max_age_source,
        n.retention_source, make_interval(secs => $11)
    )
    OR (n.retention_source IS NOT NULL AND old.retention IS DISTINCT FROM make_interval(secs => n.retention_s))
ORDER BY n.cluster_id
ON CONFLICT (cluster_id) DO UPDATE SET
    service = excluded.service,
    name = excluded.name,
    folder_id = excluded.folder_id,
    labels = excluded.labels,
    source = excluded.source,
    managed = excluded.managed,
    max_age = excluded.max_age,
    max_age_source = excluded.max_age_source,
    retention = excluded.retention,
    retention_source = excluded.retention_source,
    observation_max_age = excluded.observation_max_age
