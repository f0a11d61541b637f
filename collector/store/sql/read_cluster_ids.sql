-- Every cluster that is or was watched.
SELECT cluster_id
FROM collector.cluster
ORDER BY cluster_id
