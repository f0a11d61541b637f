-- What is stored of a cluster that is not found: its folder, the folders that its backups name, whether one of them names
-- none, whether it was ever seen.
SELECT
    coalesce(c.folder_id, newest.folder_id) AS folder_id,
    ARRAY(
        SELECT DISTINCT b.folder_id
        FROM collector.backup AS b
        WHERE b.cluster_id = c.cluster_id AND b.vanished_listing_id IS NULL AND b.folder_id <> ''
    ) AS named,
    EXISTS (
        SELECT FROM collector.backup AS b
        WHERE b.cluster_id = c.cluster_id AND b.vanished_listing_id IS NULL AND coalesce(b.folder_id, '') = ''
    ) AS has_unnamed,
    c.complete_listing_id IS NOT NULL
    OR EXISTS (SELECT FROM collector.backup AS b WHERE b.cluster_id = c.cluster_id) AS seen
FROM collector.cluster AS c
LEFT JOIN LATERAL (
    SELECT b.folder_id
    FROM collector.backup AS b
    WHERE b.cluster_id = c.cluster_id AND b.folder_id <> ''
    ORDER BY b.created_at DESC NULLS LAST, b.created_at_ns DESC, b.backup_id DESC
    LIMIT 1
) AS newest ON true
WHERE c.cluster_id = $1
