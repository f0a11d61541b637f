-- Clusters that the folders of a cloud were last known to hold, and which of them are in a folder that it has no longer
-- and that nobody asks for otherwise. A service that nobody asks for any more proves nothing about its clusters.
SELECT
    d.cluster_id,
    s.source <> ALL($2::text []) AND s.folder_id <> ALL($3::text []) AS is_orphan
FROM collector.discovered_cluster AS d
INNER JOIN collector.discovery_source AS s ON s.source = d.source
WHERE s.kind = 'folder' AND s.cloud_id = $1 AND d.gone_since IS NULL
