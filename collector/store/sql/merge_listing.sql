-- Merge a listing, or a part of it, into a cluster that is still as it was read ($3); else nothing, and no row comes back.
--
-- $5: this is the last part, which moves the fence, marks what is absent and writes the ledger.
-- $47: how many records the quarantine of a cluster holds at most; those it holds already are refreshed.
-- $19: the columns that not every service has, as one JSON object a row; what it does not name becomes NULL.
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
            WHEN $46::text = 'folder' THEN coalesce(c.not_found_since, $4)
        END
    WHERE c.cluster_id = $1 AND c.last_listing_id = $3 AND c.last_listing_id < $2::bigint
    RETURNING c.cluster_id
),

before AS (
    SELECT
        c.cluster_id,
        c.observed_at,
        c.retention,
        CASE WHEN $46::text = 'folder' THEN c.not_found_since END AS not_found_since
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
    SELECT
        r.*,
        o.*
    FROM fence
    CROSS JOIN unnest(
        $10::text [], $11::timestamptz [], $12::text [], $13::text [], $14::text [], $15::timestamptz [],
        $16::smallint [], $17::timestamptz [], $18::smallint [], $19::json [], $20::jsonb [], $21::bytea []
    ) AS r (
        cluster_id, first_seen_at, backup_id, folder_id, source_cluster_id, started_at,
        started_at_ns, created_at, created_at_ns, own, extra, fingerprint
    )
    CROSS JOIN json_to_record(r.own) AS o (
        index_set_id uuid, opensearch_version text, size_bytes bigint, indices_total bigint,
        incremental_size_bytes bigint, total_size_bytes bigint, free_space_required_bytes bigint, type text,
        method text, status text, journal_size_bytes bigint, shared_size_bytes bigint,
        source_shard_names text [], databases text [], retention_policy_id text, retention_policy_name text,
        retain_until timestamptz, retain_until_ns smallint, elasticsearch_version text
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
            jsonb_object_agg(n.key, o.stored -> n.key) AS before,
            jsonb_object_agg(n.key, n.value) AS after
        FROM (SELECT to_jsonb(b) AS stored OFFSET 0) AS o -- OFFSET: made once for a backup, not for each of its columns
        CROSS JOIN jsonb_each(to_jsonb(i) - '{first_seen_at,own,fingerprint}'::text []) AS n
        WHERE o.stored -> n.key IS DISTINCT FROM n.value
    ) AS d ON b.backup_id IS NOT NULL
),

written AS (
    INSERT INTO collector.backup (
        cluster_id, first_seen_at, backup_id, folder_id, source_cluster_id, started_at, started_at_ns,
        created_at, created_at_ns, extra, fingerprint, index_set_id, opensearch_version, size_bytes,
        indices_total, incremental_size_bytes, total_size_bytes, free_space_required_bytes, type, method,
        status, journal_size_bytes, shared_size_bytes, source_shard_names, databases, retention_policy_id,
        retention_policy_name, retain_until, retain_until_ns, elasticsearch_version
    )
    SELECT
        i.cluster_id,
        i.first_seen_at,
        i.backup_id,
        i.folder_id,
        i.source_cluster_id,
        i.started_at,
        i.started_at_ns,
        i.created_at,
        i.created_at_ns,
        i.extra,
        i.fingerprint,
        i.index_set_id,
        i.opensearch_version,
        i.size_bytes,
        i.indices_total,
        i.incremental_size_bytes,
        i.total_size_bytes,
        i.free_space_required_bytes,
        i.type,
        i.method,
        i.status,
        i.journal_size_bytes,
        i.shared_size_bytes,
        i.source_shard_names,
        i.databases,
        i.retention_policy_id,
        i.retention_policy_name,
        i.retain_until,
        i.retain_until_ns,
        i.elasticsearch_version
    FROM incoming AS i
    ORDER BY i.backup_id
    ON CONFLICT (cluster_id, backup_id) DO UPDATE SET
        folder_id = excluded.folder_id,
        source_cluster_id = excluded.source_cluster_id,
        started_at = excluded.started_at,
        started_at_ns = excluded.started_at_ns,
        created_at = excluded.created_at,
        created_at_ns = excluded.created_at_ns,
        extra = excluded.extra,
        fingerprint = excluded.fingerprint,
        index_set_id = excluded.index_set_id,
        opensearch_version = excluded.opensearch_version,
        size_bytes = excluded.size_bytes,
        indices_total = excluded.indices_total,
        incremental_size_bytes = excluded.incremental_size_bytes,
        total_size_bytes = excluded.total_size_bytes,
        free_space_required_bytes = excluded.free_space_required_bytes,
        type = excluded.type,
        method = excluded.method,
        status = excluded.status,
        journal_size_bytes = excluded.journal_size_bytes,
        shared_size_bytes = excluded.shared_size_bytes,
        source_shard_names = excluded.source_shard_names,
        databases = excluded.databases,
        retention_policy_id = excluded.retention_policy_id,
        retention_policy_name = excluded.retention_policy_name,
        retain_until = excluded.retain_until,
        retain_until_ns = excluded.retain_until_ns,
        elasticsearch_version = excluded.elasticsearch_version,
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
    WHERE b.cluster_id = fence.cluster_id AND b.backup_id = ANY($22::text [])
    RETURNING b.backup_id
),

missing AS (
    UPDATE collector.backup AS b
    SET missing_listing_id = $2, missing_since = $4, last_seen_at = greatest(b.first_seen_at, before.observed_at)
    FROM before
    WHERE b.cluster_id = before.cluster_id AND b.backup_id = ANY($23::text [])
    RETURNING b.backup_id
),

vanished AS (
    UPDATE collector.backup AS b
    SET
        vanished_listing_id = $2,
        vanished_at = $4,
        -- An API that keeps a number of backups drops the oldest when the next one comes: up to a period before its time.
        vanish_reason = (
            SELECT
                CASE
                    WHEN b.missing_since - b.created_at >= kept.retention - least(INTERVAL '1 day', kept.retention / 7)
                        THEN 'expired'
                    WHEN b.missing_since >= before.not_found_since THEN 'cluster_deleted'
                    WHEN b.missing_since - b.created_at IS NOT NULL AND kept.retention IS NOT NULL THEN 'deleted_early'
                    ELSE 'unknown'
                END
            FROM (
                -- What the backup says of itself counts first. A cluster's retention is that of automatic ones.
                SELECT
                    coalesce(
                        b.retain_until - b.created_at,
                        CASE WHEN b.type IS DISTINCT FROM 'MANUAL' THEN before.retention END
                    ) AS retention
            ) AS kept
        )
    FROM before
    WHERE b.cluster_id = before.cluster_id AND b.backup_id = ANY($24::text [])
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
    CROSS JOIN (
        SELECT
            u.*,
            k.fingerprint IS NOT NULL AS is_kept,
            count(*) FILTER (WHERE k.fingerprint IS NULL) OVER (ORDER BY u.place) AS number_of_new
        FROM
            unnest($25::bytea [], $26::text [], $27::text [], $28::text [], $29::bytea [], $30::bigint [])
            WITH ORDINALITY AS u (fingerprint, backup_id, field, reason, raw, raw_size_bytes, place)
        LEFT JOIN collector.quarantine AS k ON k.cluster_id = $1 AND k.fingerprint = u.fingerprint
    ) AS r
    WHERE
        r.is_kept
        OR r.number_of_new <= $47::bigint - (SELECT count(*) FROM collector.quarantine AS k WHERE k.cluster_id = $1)
    ORDER BY r.fingerprint
    ON CONFLICT (cluster_id, fingerprint) DO UPDATE SET
        reason = excluded.reason,
        last_listing_id = excluded.last_listing_id,
        last_seen_at = excluded.last_seen_at
    RETURNING q.fingerprint
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
        via, unkept
    )
    SELECT
        $2,
        $31::bigint,
        fence.cluster_id,
        $6,
        $4,
        $32::bigint,
        $33::bigint,
        $34::bigint,
        $35::bigint,
        $36::bigint,
        $37::bigint,
        $38::bigint,
        $39::bigint + counted.inserted,
        $40::bigint + counted.updated,
        $41::bigint + counted.rewritten,
        cardinality($23::text []),
        cardinality($24::text []),
        $42::bigint + counted.returned + cardinality($22::text []),
        $43::bigint,
        $44::bigint,
        $45::text,
        $46::text,
        CASE
            WHEN $43::bigint = 0 THEN 0
            ELSE
                $43::bigint
                - (SELECT count(*) FROM refused)
                - (
                    SELECT count(*)
                    FROM collector.quarantine AS k
                    WHERE k.cluster_id = $1 AND k.last_listing_id = $2  -- by the earlier parts
                )
        END
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
