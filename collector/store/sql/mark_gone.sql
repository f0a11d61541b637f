-- Clusters that their folder, read completely, holds no longer.
UPDATE collector.discovered_cluster AS d
SET
    gone_since = $2::timestamptz,
    last_seen_at = greatest(d.changed_at, s.observed_at)
FROM collector.discovery_source AS s
WHERE s.source = d.source AND d.gone_since IS NULL AND d.cluster_id = ANY($1::text [])
