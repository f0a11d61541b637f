-- Close a sweep with what came of its clusters; its listings that began and did not end have failed, and the ledger says it.
WITH closed AS (
    UPDATE collector.sweep
    SET
        finished_at = now(),
        outcome = $2,
        clusters_complete = $3,
        clusters_partial = $4,
        clusters_held = $5,
        clusters_failed = $6,
        clusters_superseded = $7
    WHERE sweep_id = $1 AND outcome = 'running'
    RETURNING finished_at
),

given_up AS (
    INSERT INTO collector.listing (
        listing_id, sweep_id, cluster_id, outcome, via, started_at, pages, requests, retries, throttles, restarts, bytes,
        listed, error, message, server_request_id
    )
    SELECT
        u.listing_id,
        $1,
        u.cluster_id,
        'failed',
        u.via,
        u.started_at,
        u.pages,
        u.requests,
        u.retries,
        u.throttles,
        u.restarts,
        u.bytes,
        0,
        u.error,
        u.message,
        u.server_request_id
    FROM unnest(
        $8::bigint [],
        $9::text [],
        $10::text [],
        $11::timestamptz [],
        $12::integer [],
        $13::integer [],
        $14::integer [],
        $15::integer [],
        $16::integer [],
        $17::bigint [],
        $18::text [],
        $19::text [],
        $20::text []
    ) AS u (
        listing_id, cluster_id, via, started_at, pages, requests, retries, throttles, restarts, bytes, error, message,
        server_request_id
    )
    -- It may have been committed, and only the answer was lost.
    ON CONFLICT (listing_id) DO NOTHING
)

SELECT finished_at FROM closed
