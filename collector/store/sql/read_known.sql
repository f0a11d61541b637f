-- What is stored of a cluster and not vanished, in one row: the fence as version, and ids beside fingerprints.
SELECT
    c.last_listing_id,
    c.complete_listing_id,
    b.live_ids,
    b.live_fingerprints,
    b.missing_ids,
    b.missing_fingerprints,
    EXISTS (SELECT FROM collector.backup AS v WHERE v.cluster_id = c.cluster_id) AS has_rows
FROM collector.cluster AS c
CROSS JOIN LATERAL (
    SELECT
        array_agg(p.backup_id) FILTER (WHERE p.missing_listing_id IS NULL) AS live_ids,
        string_agg(p.fingerprint, '') FILTER (WHERE p.missing_listing_id IS NULL) AS live_fingerprints,
        array_agg(p.backup_id) FILTER (WHERE p.missing_listing_id IS NOT NULL) AS missing_ids,
        string_agg(p.fingerprint, '') FILTER (WHERE p.missing_listing_id IS NOT NULL) AS missing_fingerprints
    FROM collector.backup AS p
    WHERE p.cluster_id = c.cluster_id AND p.vanished_listing_id IS NULL
) AS b
WHERE c.cluster_id = $1
