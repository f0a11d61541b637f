-- Clusters that left the configuration and all discovered folders keep their rows, unmanaged. What a discovery knows to
-- be there is there, also where it began later than this sweep. Where a folder was not read completely, what it may hold
-- stays as it is; without its id, any folder may be meant. A cluster that moved from a folder that was read to one that
-- was not is retired until that one is read: to spare whatever may have moved would keep all that is deleted.
UPDATE collector.cluster AS c
SET managed = false
WHERE
    c.managed
    AND c.cluster_id <> ALL($1::text [])
    AND NOT EXISTS (
        SELECT FROM unnest($2::text [], $3::text []) AS u (folder_id, service)
        WHERE u.service = c.service AND (u.folder_id IS NULL OR c.folder_id IS NULL OR u.folder_id = c.folder_id)
    )
    AND NOT EXISTS (
        SELECT
        FROM collector.discovered_cluster AS d
        INNER JOIN collector.discovery_source AS s ON s.source = d.source
        WHERE d.cluster_id = c.cluster_id AND d.matched AND d.gone_since IS NULL AND s.active
    )
