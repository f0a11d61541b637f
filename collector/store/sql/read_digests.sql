-- The digests that let a listing prove, unread, that nothing changed; none where nothing was ever merged.
SELECT
    cluster_id,
    listing_digest
FROM collector.cluster
WHERE (listing_digest IS NOT NULL OR last_listing_id = 0) AND cluster_id = ANY($1::text [])
