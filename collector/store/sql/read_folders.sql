-- In which folder each cluster lies, as far as the inventory knows: as configured, else as its newest backup says.
SELECT
    c.cluster_id,
    coalesce(c.folder_id, newest.folder_id) AS folder_id
FROM inventory.clusters AS c
LEFT JOIN LATERAL (
    SELECT b.folder_id
    FROM inventory.backups AS b
    WHERE b.cluster_id = c.cluster_id AND b.folder_id <> ''
    ORDER BY b.created_at DESC NULLS LAST
    LIMIT 1
) AS newest ON true
WHERE coalesce(c.folder_id, newest.folder_id) IS NOT NULL
