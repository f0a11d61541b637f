-- Listings that are what is stored: move the fences and write the ledger. What moved meanwhile does not come back.
WITH told AS (
    SELECT *
    FROM unnest(
        $1::text [], $2::bigint [], $3::bytea [], $4::bigint [], $5::timestamptz [], $6::bigint [],
        $7::bigint [], $8::bigint [], $9::bigint [], $10::bigint [], $11::bigint [], $12::text []
    ) AS t (
        cluster_id, listing_id, digest, sweep_id, started_at, pages,
        requests, retries, throttles, restarts, bytes, server_request_id
    )
),

locked AS (
    SELECT
        c.cluster_id,
        earlier.listed,
        earlier.duplicates
    FROM collector.cluster AS c
    INNER JOIN told AS t ON t.cluster_id = c.cluster_id
    INNER JOIN collector.listing AS earlier ON earlier.listing_id = c.complete_listing_id
    WHERE c.last_listing_id < t.listing_id AND c.listing_digest = t.digest
    ORDER BY c.cluster_id
    FOR NO KEY UPDATE OF c
),

fenced AS (
    UPDATE collector.cluster AS c
    SET
        last_listing_id = t.listing_id,
        complete_listing_id = t.listing_id,
        observed_at = t.started_at,
        not_found_since = NULL
    FROM told AS t
    INNER JOIN locked ON locked.cluster_id = t.cluster_id
    WHERE c.cluster_id = t.cluster_id
    RETURNING c.cluster_id, locked.listed, locked.duplicates
)

INSERT INTO collector.listing (
    listing_id, sweep_id, cluster_id, outcome, started_at, pages, requests, retries, throttles, restarts, bytes,
    listed, unchanged, duplicates, server_request_id
)
SELECT
    t.listing_id,
    t.sweep_id,
    t.cluster_id,
    'complete',
    t.started_at,
    t.pages,
    t.requests,
    t.retries,
    t.throttles,
    t.restarts,
    t.bytes,
    f.listed,
    f.listed - f.duplicates,
    f.duplicates,
    t.server_request_id
FROM fenced AS f
INNER JOIN told AS t ON t.cluster_id = f.cluster_id
RETURNING listing_id, unchanged, duplicates
