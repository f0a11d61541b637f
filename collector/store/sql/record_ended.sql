-- A listing that was not merged: the ledger says why. Of its cluster nothing is touched, but that it was not found.
WITH unfound AS (
    UPDATE collector.cluster
    SET not_found_since = $5
    WHERE cluster_id = $3 AND last_listing_id < $1 AND not_found_since IS NULL AND $13 = 'not_found'
)

INSERT INTO collector.listing (
    listing_id, sweep_id, cluster_id, outcome, started_at, pages, requests, retries, throttles, restarts, bytes,
    listed, error, message, server_request_id, via
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (listing_id) DO NOTHING
