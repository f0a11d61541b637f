-- One backup, with all its fields.
SELECT
    now() AS read_at,
    *
FROM inventory.backups
WHERE cluster_id = $1 AND backup_id = $2
