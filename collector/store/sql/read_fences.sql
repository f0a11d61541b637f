-- Whether a newer complete listing is committed, for clusters whose own was overtaken.
SELECT
    cluster_id,
    complete_listing_id
FROM collector.cluster
WHERE cluster_id = ANY($1::text [])
