-- What happened last to the backups of one cluster; that new ones appear is left out.
SELECT
    changed_at,
    backup_id,
    kind,
    before,
    after,
    listing_id
FROM inventory.changes
WHERE cluster_id = $1 AND kind <> 'appeared'
ORDER BY changed_at DESC, backup_id
LIMIT 25
