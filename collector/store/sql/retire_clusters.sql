-- Clusters that left the configuration and all discovered folders keep their rows, unmanaged. Where a folder was not
-- read completely, what it may hold stays as it is; without its id, any folder may be meant.
UPDATE collector.cluster AS c
SET managed = false
WHERE
    c.managed
    AND c.cluster_id <> ALL($1::text [])
    AND NOT EXISTS (
        SELECT FROM unnest($2::text [], $3::text []) AS u (folder_id, service)
        WHERE u.service = c.service AND (u.folder_id IS NULL OR c.folder_id IS NULL OR u.folder_id = c.folder_id)
    )
