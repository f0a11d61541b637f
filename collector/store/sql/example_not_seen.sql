-- Which clusters could not be looked at, and why?
SELECT name AS cluster, last_outcome, last_error
FROM inventory.clusters
WHERE last_outcome <> 'complete'
ORDER BY name
