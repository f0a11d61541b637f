-- The folders that clouds are known to have, by the newest discovery of each.
SELECT DISTINCT
    cloud_id,
    folder_id
FROM collector.discovery_source
WHERE kind = 'folder' AND active AND cloud_id = ANY($1::text [])
