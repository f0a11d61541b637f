-- A listing that was not merged: the ledger says why. Nothing else of its cluster is touched.
INSERT INTO collector.listing (
    listing_id, sweep_id, cluster_id, outcome, started_at, pages, requests, retries, throttles, restarts, bytes,
    listed, error, message, server_request_id
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (listing_id) DO NOTHING
