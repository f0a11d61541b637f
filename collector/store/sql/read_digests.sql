-- The digests that let a listing prove, unread, that nothing changed.
SELECT
    cluster_id,
    listing_digest
FROM collector.cluster
WHERE listing_digest IS NOT NULL AND cluster_id = ANY($1::text [])
