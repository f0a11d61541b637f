-- Take the cluster's row, if it is still as it was read.
SELECT cluster_id
FROM collector.cluster
WHERE cluster_id = $1 AND last_listing_id = $2
FOR NO KEY UPDATE
