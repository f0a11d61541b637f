-- What monitoring asks of every place where clusters are looked for.
SELECT
    kind,
    source_id,
    service,
    last_outcome,
    extract(EPOCH FROM observation_age)::float8 AS observation_age_s,
    last_throttles,
    clusters
FROM inventory.discovery_sources
ORDER BY kind, source_id, service
