-- Read something, to learn whether anything can be read.
SELECT count(*) FROM (SELECT cluster_id FROM inventory.clusters LIMIT 1) AS first_cluster
