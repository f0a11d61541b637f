-- Which of these ids are stored already, in any state.
SELECT backup_id
FROM collector.backup
WHERE cluster_id = $1 AND backup_id = ANY($2::text [])
