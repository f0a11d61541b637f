-- What happened to one backup, the oldest first.
SELECT
    changed_at,
    kind,
    before,
    after,
    listing_id
FROM inventory.changes
WHERE cluster_id = $1 AND backup_id = $2
ORDER BY changed_at, listing_id
LIMIT 200
