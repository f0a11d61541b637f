-- Make the table of clusters agree with the configuration; touch no row that already does.
INSERT INTO collector.cluster AS c (
    cluster_id, service, name, folder_id, labels, source, managed, max_age, observation_max_age
)
SELECT
    n.cluster_id,
    n.service,
    n.name,
    coalesce(n.folder_id, old.folder_id),
    n.labels,
    'config',
    true,
    make_interval(secs => n.max_age_s),
    make_interval(secs => $7)
FROM unnest($1::text [], $2::text [], $3::text [], $4::text [], $5::jsonb [], $6::float8 [])
    AS n (cluster_id, service, name, folder_id, labels, max_age_s)
LEFT JOIN collector.cluster AS old ON old.cluster_id = n.cluster_id
WHERE
    old.cluster_id IS NULL
    OR old.folder_id IS DISTINCT FROM coalesce(n.folder_id, old.folder_id)
    OR (old.service, old.name, old.labels, old.source, old.managed, old.max_age, old.observation_max_age)
    IS DISTINCT FROM
    (n.service, n.name, n.labels, 'config', true, make_interval(secs => n.max_age_s), make_interval(secs => $7))
ORDER BY n.cluster_id
ON CONFLICT (cluster_id) DO UPDATE SET
    service = excluded.service,
    name = excluded.name,
    folder_id = excluded.folder_id,
    labels = excluded.labels,
    source = excluded.source,
    managed = excluded.managed,
    max_age = excluded.max_age,
    observation_max_age = excluded.observation_max_age
