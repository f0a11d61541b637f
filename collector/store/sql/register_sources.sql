-- Make the table of sources agree with where the configuration leads now; touch no row that already does.
INSERT INTO collector.discovery_source AS s (source, kind, folder_id, service, cloud_id, active)
SELECT
    n.source,
    CASE WHEN n.folder_id IS NULL THEN 'cloud' ELSE 'folder' END,
    n.folder_id,
    n.service,
    n.cloud_id,
    true
FROM unnest($1::text [], $2::text [], $3::text [], $4::text []) AS n (source, folder_id, service, cloud_id)
LEFT JOIN collector.discovery_source AS old ON old.source = n.source
WHERE old.source IS NULL OR (old.cloud_id, old.active) IS DISTINCT FROM (n.cloud_id, true)
ORDER BY n.source
ON CONFLICT (source) DO UPDATE SET cloud_id = excluded.cloud_id, active = true
