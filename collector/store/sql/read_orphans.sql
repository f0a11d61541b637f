-- Clusters of folders that a cloud has no longer, and that nobody asks for otherwise.
SELECT d.cluster_id
FROM collector.discovered_cluster AS d
INNER JOIN collector.discovery_source AS s ON s.source = d.source
WHERE s.kind = 'folder' AND s.cloud_id = $1 AND s.source <> ALL($2::text []) AND d.gone_since IS NULL
