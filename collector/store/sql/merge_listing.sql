-- Merge a listing, or a part of it, into a cluster that is still as it was read ($3); else nothing, and no row comes back.
--
-- $5: this is the last part, which moves the fence, marks what is absent and writes the ledger.
-- All parts see the rows as they were before the statement; the cluster's row is the lock.
WITH fence AS (
    UPDATE collector.cluster AS c
    SET
        last_listing_id = CASE WHEN $5 THEN $2 ELSE c.last_listing_id END,
        complete_listing_id = CASE WHEN $5 AND $6 = 'complete' THEN $2 ELSE c.complete_listing_id END,
        observed_at = CASE WHEN $5 AND $6 = 'complete' THEN $4 ELSE c.observed_at END,
        listing_digest = CASE WHEN $5 THEN $7::bytea END,
        not_found_since = CASE
            WHEN NOT $5 THEN c.not_found_since
            WHEN $52::text = 'folder' THEN coalesce(c.not_found_since, $4)
        END
    WHERE c.cluster_id = $1 AND c.last_listing_id = $3 AND c.last_listing_id < $2::bigint
    RETURNING c.cluster_id
),

before AS (
    SELECT
        c.cluster_id,
        c.observed_at,
        c.retention,
        CASE WHEN $52::text = 'folder' THEN c.not_found_since END AS not_found_since
    FROM collector.cluster AS c
    INNER JOIN fence ON fence.cluster_id = c.cluster_id
),

names AS (
    INSERT INTO collector.index_set (index_set_id, names)
    SELECT
        n.index_set_id,
        n.names::text []
    FROM fence
    CROSS JOIN unnest($8::uuid [], $9::text []) AS n (index_set_id, names)
    ON CONFLICT (index_set_id) DO NOTHING
),

incoming AS (
    SELECT r.*
    FROM fence
    CROSS JOIN unnest(
        $10::text [], $11::timestamptz [], $12::text [], $13::text [], $14::text [], $15::timestamptz [],
        $16::smallint [], $17::timestamptz [], $18::smallint [], $19::uuid [], $20::text [], $21::bigint [],
        $22::bigint [], $23::bigint [], $24::bigint [], $25::bigint [], $26::jsonb [], $27::bytea []
    ) AS r (
        cluster_id, first_seen_at, backup_id, folder_id, source_cluster_id, started_at,
        started_at_ns, created_at, created_at_ns, index_set_id, opensearch_version, size_bytes,
        indices_total, incremental_size_bytes, total_size_bytes, free_space_required_bytes, extra, fingerprint
    )
),

compared AS (
    SELECT
        i.backup_id,
        b.backup_id IS NULL AS is_new,
        b.missing_listing_id IS NOT NULL AS is_back,
        CASE WHEN b.vanished_listing_id IS NOT NULL THEN 'vanished' ELSE 'missing' END AS was,
        d.before,
        d.after
    FROM incoming AS i
    LEFT JOIN collector.backup AS b ON b.cluster_id = $1 AND b.backup_id = i.backup_id
    LEFT JOIN LATERAL (
        SELECT
            jsonb_object_agg(o.key, o.value) AS before,
            jsonb_object_agg(o.key, n.value) AS after
        FROM jsonb_each(to_jsonb(i) - '{first_seen_at,fingerprint}'::text []) AS n
        INNER JOIN jsonb_each(to_jsonb(b)) AS o ON o.key = n.key AND o.value IS DISTINCT FROM n.value
    ) AS d ON b.backup_id IS NOT NULL
),

written AS (
    INSERT INTO collector.backup (
        cluster_id, first_seen_at, backup_id, folder_id, source_cluster_id, started_at, started_at_ns, created_at,
        created_at_ns, index_set_id, opensearch_version, size_bytes, indices_total, incremental_size_bytes,
        total_size_bytes, free_space_required_bytes, extra, fingerprint
    )
    SELECT i.*
    FROM incoming AS i
    ORDER BY i.backup_id
    ON CONFLICT (cluster_id, backup_id) DO UPDATE SET
        folder_id = excluded.folder_id,
        source_cluster_id = excluded.source_cluster_id,
        started_at = excluded.started_at,
        started_at_ns = excluded.started_at_ns,
        created_at = excluded.created_at,
        created_at_ns = excluded.created_at_ns,
        index_set_id = excluded.index_set_id,
        opensearch_version = excluded.opensearch_version,
        size_bytes = excluded.size_bytes,
        indices_total = excluded.indices_total,
        incremental_size_bytes = excluded.incremental_size_bytes,
        total_size_bytes = excluded.total_size_bytes,
        free_space_required_bytes = excluded.free_space_required_bytes,
        extra = excluded.extra,
        fingerprint = excluded.fingerprint,
        last_seen_at = NULL,
        missing_since = NULL,
        missing_listing_id = NULL,
        vanished_at = NULL,
        vanished_listing_id = NULL,
        vanish_reason = NULL
),

returned AS (
    UPDATE collector.backup AS b
    SET last_seen_at = NULL, missing_since = NULL, missing_listing_id = NULL
    FROM fence
    WHERE b.cluster_id = fence.cluster_id AND b.backup_id = ANY($28::text [])
    RETURNING b.backup_id
),

missing AS (
    UPDATE collector.backup AS b
    SET missing_listing_id = $2, missing_since = $4, last_seen_at = greatest(b.first_seen_at, before.observed_at)
    FROM before
    WHERE b.cluster_id = before.cluster_id AND b.backup_id = ANY($29::text [])
    RETURNING b.backup_id
),

vanished AS (
    UPDATE collector.backup AS b
    SET
        vanished_listing_id = $2,
        vanished_at = $4,
        -- An API that keeps a number of backups drops the oldest when the next one comes: up to a period before its time.
        vanish_reason = CASE
            WHEN b.missing_since - b.created_at >= before.retention - least(INTERVAL '1 day', before.retention / 7)
                THEN 'expired'
            WHEN b.missing_since >= before.not_found_since THEN 'cluster_deleted'
            WHEN b.missing_since - b.created_at IS NOT NULL AND before.retention IS NOT NULL THEN 'deleted_early'
            ELSE 'unknown'
        END
    FROM before
    WHERE b.cluster_id = before.cluster_id AND b.backup_id = ANY($30::text [])
    RETURNING b.backup_id
),

history AS (
    INSERT INTO collector.backup_change (cluster_id, backup_id, listing_id, changed_at, kind, before, after)
    SELECT
        $1,
        h.backup_id,
        $2,
        $4,
        h.kind,
        h.before,
        h.after
    FROM (
        SELECT
            backup_id,
            'returned' AS kind,
            jsonb_build_object('state', was) AS before,
            NULL::jsonb AS after
        FROM compared
        WHERE is_back
        UNION ALL
        SELECT
            backup_id,
            'changed',
            before,
            after
        FROM compared
        WHERE before IS NOT NULL
        UNION ALL
        SELECT
            backup_id,
            'returned',
            jsonb_build_object('state', 'missing'),
            NULL
        FROM returned
        UNION ALL
        SELECT
            backup_id,
            'missing',
            NULL,
            NULL
        FROM missing
        UNION ALL
        SELECT
            backup_id,
            'vanished',
            NULL,
            NULL
        FROM vanished
    ) AS h
    ORDER BY h.backup_id, h.kind DESC
),

refused AS (
    INSERT INTO collector.quarantine AS q (
        cluster_id, fingerprint, backup_id, field, reason, raw, raw_size_bytes,
        first_listing_id, first_seen_at, last_listing_id, last_seen_at
    )
    SELECT
        fence.cluster_id,
        r.fingerprint,
        r.backup_id,
        r.field,
        r.reason,
        r.raw,
        r.raw_size_bytes,
        $2,
        $4,
        $2,
        $4
    FROM fence
    CROSS JOIN unnest($31::bytea [], $32::text [], $33::text [], $34::text [], $35::bytea [], $36::bigint [])
        AS r (fingerprint, backup_id, field, reason, raw, raw_size_bytes)
    ORDER BY r.fingerprint
    ON CONFLICT (cluster_id, fingerprint) DO UPDATE SET
        reason = excluded.reason,
        last_listing_id = excluded.last_listing_id,
        last_seen_at = excluded.last_seen_at
),

counted AS (
    SELECT
        count(*) FILTER (WHERE is_new) AS inserted,
        count(*) FILTER (WHERE NOT is_new AND NOT is_back AND before IS NOT NULL) AS updated,
        count(*) FILTER (WHERE NOT is_new AND NOT is_back AND before IS NULL) AS rewritten,
        count(*) FILTER (WHERE is_back) AS returned
    FROM compared
),

ledger AS (
    INSERT INTO collector.listing (
        listing_id, sweep_id, cluster_id, outcome, started_at, pages, requests, retries, throttles, restarts, bytes,
        listed, inserted, updated, unchanged, missing, vanished, returned, quarantined, duplicates, server_request_id,
        via
    )
    SELECT
        $2,
        $37::bigint,
        fence.cluster_id,
        $6,
        $4,
        $38::bigint,
        $39::bigint,
        $40::bigint,
        $41::bigint,
        $42::bigint,
        $43::bigint,
        $44::bigint,
        $45::bigint + counted.inserted,
        $46::bigint + counted.updated,
        $47::bigint + counted.rewritten,
        cardinality($29::text []),
        cardinality($30::text []),
        $48::bigint + counted.returned + cardinality($28::text []),
        $49::bigint,
        $50::bigint,
        $51::text,
        $52::text
    FROM fence
    CROSS JOIN counted
    WHERE $5
)

SELECT
    counted.inserted,
    counted.updated,
    counted.rewritten,
    counted.returned
FROM fence
CROSS JOIN counted
