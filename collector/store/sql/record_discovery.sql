-- Write the ledger row of the reading of one source.
INSERT INTO collector.discovery (
    discovery_id, source, trace_id, outcome, started_at, pages, requests, retries, throttles, bytes, listed, matched,
    skipped, gone, error, message, server_request_id
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT (discovery_id, source) DO NOTHING
