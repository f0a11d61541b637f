-- What has disappeared from the API since we first looked?
SELECT cluster_name AS cluster, state, count(*) AS backups, max(created_at_text) AS newest
FROM inventory.backups
WHERE state <> 'live'
GROUP BY cluster_name, state
ORDER BY cluster_name, state
LIMIT 6
