-- The newest readings of one cluster.
SELECT
    listing_id,
    sweep_id,
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
WHERE cluster_id = $1
ORDER BY started_at DESC
LIMIT 25
