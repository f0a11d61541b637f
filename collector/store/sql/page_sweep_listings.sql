-- The readings of one sweep, those that were not complete first.
SELECT
    listing_id,
    service,
    cluster_id,
    cluster_name,
    outcome,
    via,
    started_at,
    duration,
    pages,
    requests,
    retries,
    bytes,
    listed,
    inserted,
    updated,
    missing,
    vanished,
    returned,
    quarantined,
    error,
    message,
    server_request_id
FROM inventory.listings
WHERE sweep_id = $1
ORDER BY
    array_position(ARRAY['failed', 'held', 'partial', 'superseded', 'complete'], outcome),
    inserted + updated + missing + vanished + returned DESC,
    cluster_name,
    listing_id
LIMIT 200
