CREATE SCHEMA collector;
CREATE SCHEMA inventory;
CREATE FUNCTION collector.check_retention(ledger interval, vanished interval, batch integer) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    -- Ages are compared as instants: for an interval a month is 30 days, and `361 days - 1 year` a day, though it lies
    -- ahead of now. In UTC, where every day has 24 hours.
    today CONSTANT timestamp := now() AT TIME ZONE 'UTC';
BEGIN
    IF today - ledger > today - INTERVAL '1 day' OR today - vanished > today - INTERVAL '1 day' THEN
        RAISE invalid_parameter_value USING MESSAGE = format('an age of less than a day: ledger %s, vanished %s', ledger, vanished);
    END IF;
    IF vanished IS NOT NULL AND (ledger IS NULL OR today - vanished > today - ledger) THEN
        RAISE invalid_parameter_value USING MESSAGE = format('vanished backups (%s) go after the ledger (%s), not before', vanished, ledger);
    END IF;
    IF batch IS NULL OR batch NOT BETWEEN 1 AND 100000 THEN
        RAISE invalid_parameter_value USING MESSAGE = format('a batch of %s rows: should be 1 to 100000', batch);
    END IF;
END
$$;
CREATE FUNCTION collector.forecast_pruning(ledger interval, vanished interval, OUT backups bigint, OUT changes bigint, OUT listings bigint, OUT quarantined bigint, OUT sweeps bigint, OUT discoveries bigint) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    PERFORM collector.check_retention(ledger, vanished, 1);
    WITH gone AS (
        SELECT
            c.cluster_id,
            g.backup_id
        FROM collector.cluster AS c
        CROSS JOIN LATERAL collector.prunable_backups(c.cluster_id, ledger, vanished) AS g (backup_id)
    ),
    unlisted AS MATERIALIZED (
        SELECT g.listing_id
        FROM collector.cluster AS c
        CROSS JOIN LATERAL collector.prunable_listings(c.cluster_id, ledger, vanished) AS g (listing_id)
    )
    SELECT
        (SELECT count(*) FROM gone),
        (
            SELECT count(*)
            FROM collector.backup_change AS h
            INNER JOIN gone AS g ON g.cluster_id = h.cluster_id AND g.backup_id = h.backup_id
        ),
        (SELECT count(*) FROM unlisted),
        (
            SELECT count(*)
            FROM collector.cluster AS c
            CROSS JOIN LATERAL collector.prunable_quarantine(c.cluster_id, ledger) AS g (quarantine_id)
        ),
        (
            SELECT count(*)
            FROM collector.prunable_sweeps(ledger) AS g (sweep_id)
            WHERE NOT EXISTS (
                SELECT
                FROM collector.listing AS l
                WHERE
                    l.sweep_id = g.sweep_id
                    AND NOT EXISTS (SELECT FROM unlisted AS u WHERE u.listing_id = l.listing_id)
            )
        ),
        (SELECT count(*) FROM collector.prunable_discoveries(ledger))
    INTO backups, changes, listings, quarantined, sweeps, discoveries;
END
$$;
CREATE FUNCTION collector.forget_edited_backup() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        UPDATE collector.cluster SET listing_digest = NULL WHERE listing_digest IS NOT NULL;
        RETURN NULL;
    END IF;
    UPDATE collector.cluster SET listing_digest = NULL WHERE cluster_id = OLD.cluster_id;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    -- One that no record has, and no other edited row either: fingerprints tell a cluster's backups apart.
    NEW.fingerprint := uuid_send(gen_random_uuid());
    RETURN NEW;
END
$$;
CREATE FUNCTION collector.grant_rights() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    statement text;
BEGIN
    IF to_regrole('collector_owner') IS NOT NULL AND pg_has_role('collector_owner', 'USAGE') THEN
        BEGIN
            FOR statement IN
                SELECT format('ALTER SCHEMA %I OWNER TO collector_owner', n.nspname)
                FROM pg_namespace AS n
                WHERE n.nspname IN ('collector', 'inventory') AND n.nspowner <> to_regrole('collector_owner')
                UNION ALL
                SELECT
                    format(
                        'ALTER %s %s OWNER TO collector_owner',
                        CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                        c.oid::regclass
                    )
                FROM pg_class AS c
                INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
                WHERE
                    n.nspname IN ('collector', 'inventory')
                    AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
                    AND c.relowner <> to_regrole('collector_owner')
                    -- The sequence of a column goes with its table.
                    AND NOT EXISTS (
                        SELECT FROM pg_depend AS d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND c.relkind = 'S'
                    )
                UNION ALL
                SELECT format('ALTER ROUTINE %s OWNER TO collector_owner', p.oid::regprocedure)
                FROM pg_proc AS p
                INNER JOIN pg_namespace AS n ON n.oid = p.pronamespace
                WHERE n.nspname IN ('collector', 'inventory') AND p.proowner <> to_regrole('collector_owner')
            LOOP
                EXECUTE statement;
            END LOOP;
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'collector_owner does not own all of it: %', SQLERRM;
        END;
    END IF;
    FOR statement IN
        SELECT format(s.statement, s.grantee)
        FROM (
            VALUES
            ('collector_writer', 'GRANT USAGE ON SCHEMA collector, inventory TO %I'),
            ('collector_writer', 'GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA collector TO %I'),
            -- What was migrated, and what is filled by hand, no sweep writes.
            ('collector_writer', 'REVOKE INSERT, UPDATE ON collector.migration, collector.engine_version FROM %I'),
            ('collector_writer', 'GRANT USAGE ON ALL SEQUENCES IN SCHEMA collector TO %I'),
            ('collector_writer', 'GRANT SELECT ON ALL TABLES IN SCHEMA inventory TO %I'),
            ('collector_writer', 'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA inventory TO %I'),
            ('collector_reader', 'GRANT USAGE ON SCHEMA inventory TO %I'),
            ('collector_reader', 'GRANT SELECT ON ALL TABLES IN SCHEMA inventory TO %I'),
            ('collector_reader', 'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA inventory TO %I')
        ) AS s (grantee, statement)
        WHERE to_regrole(s.grantee) IS NOT NULL
        UNION ALL
        -- A later migration makes this one: whose database it is, no sweep writes either.
        SELECT 'REVOKE INSERT, UPDATE ON collector.installation FROM collector_writer'
        WHERE to_regclass('collector.installation') IS NOT NULL AND to_regrole('collector_writer') IS NOT NULL
        UNION ALL
        SELECT 'REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA collector FROM PUBLIC'
        UNION ALL
        -- These delete by the owner's right, and refuse what is not history.
        SELECT format('GRANT EXECUTE ON ROUTINE %s TO collector_writer', p.oid::regprocedure)
        FROM pg_proc AS p
        WHERE
            p.pronamespace = to_regnamespace('collector')
            AND p.proname IN ('prune_cluster', 'prune_sweeps', 'forecast_pruning')
            AND to_regrole('collector_writer') IS NOT NULL
        UNION ALL
        -- What every role has by birth: files of its own on the server's disk and, until version 15, tables in public.
        SELECT format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC', d.datname)
        FROM pg_database AS d
        WHERE
            d.datname = current_database()
            AND pg_has_role(d.datdba, 'USAGE')
            AND has_database_privilege('public', d.oid, 'CREATE, TEMPORARY')
        UNION ALL
        SELECT 'REVOKE CREATE ON SCHEMA public FROM PUBLIC'
        FROM pg_namespace AS n
        WHERE
            n.nspname = 'public'
            AND pg_has_role(n.nspowner, 'USAGE')
            AND has_schema_privilege('public', n.oid, 'CREATE')
        UNION ALL
        -- A later migration may make a schema.
        SELECT format('GRANT CREATE ON DATABASE %I TO collector_owner', d.datname)
        FROM pg_database AS d
        WHERE
            d.datname = current_database()
            AND pg_has_role(d.datdba, 'USAGE')
            AND to_regrole('collector_owner') IS NOT NULL
            AND NOT has_database_privilege(to_regrole('collector_owner'), d.oid, 'CREATE')
    LOOP
        BEGIN
            EXECUTE statement;
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'not granted: %: %', statement, SQLERRM;
        END;
    END LOOP;
END
$$;
CREATE FUNCTION collector.prunable_backups(cluster text, ledger interval, vanished interval) RETURNS SETOF text
    LANGUAGE sql STABLE
    AS $$
WITH point AS MATERIALIZED (
    SELECT collector.prune_point(cluster, ledger) AS at
),
newest AS MATERIALIZED (
    SELECT x.backup_id
    FROM collector.backup AS x
    INNER JOIN point AS p ON x.created_at < p.at
    WHERE x.cluster_id = cluster AND inventory.is_finished(x.status)
    ORDER BY x.created_at DESC, x.created_at_ns DESC, x.backup_id DESC
    LIMIT 1
)
SELECT b.backup_id
FROM collector.backup AS b
CROSS JOIN point AS p
WHERE
    b.cluster_id = cluster
    AND b.vanished_listing_id IS NOT NULL
    AND b.vanished_at < now() - vanished
    AND b.vanished_at < p.at
    AND coalesce(b.created_at < p.at, true)
    AND NOT EXISTS (SELECT FROM newest AS n WHERE n.backup_id = b.backup_id)
ORDER BY b.vanished_at
$$;
CREATE FUNCTION collector.prunable_discoveries(ledger interval) RETURNS TABLE(discovery_id bigint, source text)
    LANGUAGE sql STABLE
    AS $$
SELECT
    h.discovery_id,
    h.source
FROM collector.discovery AS h
WHERE
    h.started_at < now() - ledger
    AND EXISTS (
        SELECT
        FROM collector.discovery AS x
        WHERE x.source = h.source AND x.outcome = h.outcome AND x.discovery_id > h.discovery_id
    )
ORDER BY h.discovery_id
$$;
CREATE FUNCTION collector.prunable_listings(cluster text, ledger interval, vanished interval) RETURNS SETOF bigint
    LANGUAGE sql STABLE
    AS $$
WITH going AS MATERIALIZED (
    SELECT g.backup_id
    FROM collector.prunable_backups(cluster, ledger, vanished) AS g (backup_id)
)
SELECT l.listing_id
FROM collector.listing AS l
INNER JOIN collector.cluster AS c ON c.cluster_id = l.cluster_id
WHERE
    l.cluster_id = cluster
    AND l.started_at < now() - ledger
    AND (l.outcome <> 'complete' OR l.started_at < (SELECT collector.prune_point(cluster, ledger)))
    AND l.listing_id IS DISTINCT FROM c.complete_listing_id
    AND l.listing_id <> c.last_listing_id
    AND l.listing_id < (SELECT max(x.listing_id) FROM collector.listing AS x WHERE x.cluster_id = cluster)
    AND NOT EXISTS (
        SELECT
        FROM collector.backup AS b
        WHERE
            b.cluster_id = cluster
            AND b.missing_listing_id = l.listing_id
            AND NOT EXISTS (SELECT FROM going AS g WHERE g.backup_id = b.backup_id)
    )
    AND NOT EXISTS (
        SELECT
        FROM collector.backup AS b
        WHERE
            b.cluster_id = cluster
            AND b.vanished_listing_id = l.listing_id
            AND NOT EXISTS (SELECT FROM going AS g WHERE g.backup_id = b.backup_id)
    )
ORDER BY l.started_at
$$;
CREATE FUNCTION collector.prunable_quarantine(cluster text, ledger interval) RETURNS SETOF bigint
    LANGUAGE sql STABLE
    AS $$
SELECT q.quarantine_id
FROM collector.quarantine AS q
INNER JOIN collector.cluster AS c ON c.cluster_id = q.cluster_id
WHERE q.cluster_id = cluster AND q.last_seen_at < now() - ledger AND q.last_listing_id <> c.last_listing_id
$$;
CREATE FUNCTION collector.prunable_sweeps(ledger interval) RETURNS SETOF bigint
    LANGUAGE sql STABLE
    AS $$
SELECT s.sweep_id
FROM collector.sweep AS s
WHERE
    s.started_at < now() - ledger
    AND s.outcome <> 'running'
    AND EXISTS (SELECT FROM collector.sweep AS x WHERE x.outcome = s.outcome AND x.sweep_id > s.sweep_id)
ORDER BY s.sweep_id
$$;
CREATE FUNCTION collector.prune_cluster(cluster text, ledger interval, vanished interval, batch integer, OUT backups bigint, OUT changes bigint, OUT listings bigint, OUT quarantined bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    PERFORM collector.check_retention(ledger, vanished, batch);
    -- Merges and other prunings of the cluster wait here, or are waited for.
    PERFORM FROM collector.cluster AS c WHERE c.cluster_id = cluster FOR NO KEY UPDATE;
    -- Said before anything goes, and in the same transaction: the views believe what is left from there on only.
    UPDATE collector.cluster AS c
    SET pruned_until = p.at
    FROM (SELECT collector.prune_point(cluster, ledger) AS at) AS p
    WHERE c.cluster_id = cluster AND c.pruned_until IS DISTINCT FROM p.at;
    WITH gone AS (
        DELETE FROM collector.backup AS b
        WHERE
            b.cluster_id = cluster
            AND b.backup_id IN (
                SELECT g.backup_id
                FROM collector.prunable_backups(cluster, ledger, vanished) AS g (backup_id)
                LIMIT batch
            )
        RETURNING b.backup_id
    ),
    forgotten AS (
        DELETE FROM collector.backup_change AS h
        USING gone AS g
        WHERE h.cluster_id = cluster AND h.backup_id = g.backup_id
        RETURNING h.change_id
    )
    SELECT
        (SELECT count(*) FROM gone),
        (SELECT count(*) FROM forgotten)
    INTO backups, changes;
    DELETE FROM collector.listing AS l
    WHERE l.listing_id IN (
        SELECT g.listing_id
        -- NULL: whoever is cited by a backup that is there must stay, for the batch may have left some.
        FROM collector.prunable_listings(cluster, ledger, NULL) AS g (listing_id)
        LIMIT batch
    );
    GET DIAGNOSTICS listings = ROW_COUNT;
    DELETE FROM collector.quarantine AS q
    WHERE q.quarantine_id IN (
        SELECT g.quarantine_id
        FROM collector.prunable_quarantine(cluster, ledger) AS g (quarantine_id)
        LIMIT batch
    );
    GET DIAGNOSTICS quarantined = ROW_COUNT;
END
$$;
CREATE FUNCTION collector.prune_point(cluster text, ledger interval) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
SELECT greatest(c.pruned_until, CASE
    WHEN EXISTS (
        SELECT
        FROM collector.listing AS l
        WHERE l.cluster_id = c.cluster_id AND l.outcome = 'complete' AND l.started_at < f.started_at
    ) THEN f.started_at
END)
FROM collector.cluster AS c
CROSS JOIN LATERAL (
    SELECT
        coalesce((
            SELECT l.started_at
            FROM collector.listing AS l
            WHERE l.cluster_id = c.cluster_id AND l.outcome = 'complete' AND l.started_at >= now() - ledger
            ORDER BY l.started_at
            LIMIT 1
        ), CASE WHEN ledger IS NOT NULL THEN c.observed_at END) AS started_at
) AS f
WHERE c.cluster_id = cluster
$$;
CREATE FUNCTION collector.prune_sweeps(ledger interval, batch integer, OUT sweeps bigint, OUT discoveries bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    PERFORM collector.check_retention(ledger, NULL, batch);
    -- SKIP LOCKED: another pruning has those in hand.
    DELETE FROM collector.sweep AS s
    WHERE s.sweep_id IN (
        SELECT x.sweep_id
        FROM collector.sweep AS x
        INNER JOIN collector.prunable_sweeps(ledger) AS g (sweep_id) ON g.sweep_id = x.sweep_id
        WHERE NOT EXISTS (SELECT FROM collector.listing AS l WHERE l.sweep_id = x.sweep_id)
        ORDER BY x.sweep_id
        LIMIT batch
        FOR UPDATE OF x SKIP LOCKED
    );
    GET DIAGNOSTICS sweeps = ROW_COUNT;
    DELETE FROM collector.discovery AS h
    WHERE (h.discovery_id, h.source) IN (
        SELECT
            x.discovery_id,
            x.source
        FROM collector.discovery AS x
        INNER JOIN collector.prunable_discoveries(ledger) AS g
            ON g.discovery_id = x.discovery_id AND g.source = x.source
        ORDER BY x.discovery_id, x.source
        LIMIT batch
        FOR UPDATE OF x SKIP LOCKED
    );
    GET DIAGNOSTICS discoveries = ROW_COUNT;
END
$$;
CREATE FUNCTION inventory.backups_at(at timestamp with time zone) RETURNS TABLE(service text, cluster_id text, cluster_name text, backup_id text, folder_id text, source_cluster_id text, state text, started_at timestamp with time zone, started_at_ns smallint, created_at timestamp with time zone, created_at_ns smallint, started_at_text text, created_at_text text, duration interval, opensearch_version text, indices text[], indices_total bigint, indices_truncated boolean, size_bytes bigint, incremental_size_bytes bigint, total_size_bytes bigint, free_space_required_bytes bigint, extra jsonb, labels jsonb, first_seen_at timestamp with time zone, last_seen_at timestamp with time zone, missing_since timestamp with time zone, vanished_at timestamp with time zone, vanish_reason text, type text, method text, status text, journal_size_bytes bigint, shared_size_bytes bigint, source_shard_names text[], databases text[], retention_policy_id text, retention_policy_name text, retain_until timestamp with time zone, retain_until_ns smallint, retain_until_text text, elasticsearch_version text)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT
    b.service,
    b.cluster_id,
    b.cluster_name,
    b.backup_id,
    v.folder_id,
    v.source_cluster_id,
    s.state,
    v.started_at,
    v.started_at_ns,
    v.created_at,
    v.created_at_ns,
    inventory.rfc3339(v.started_at, v.started_at_ns),
    inventory.rfc3339(v.created_at, v.created_at_ns),
    v.created_at - v.started_at,
    v.opensearch_version,
    v.indices,
    v.indices_total,
    v.indices_total > cardinality(v.indices),
    v.size_bytes,
    v.incremental_size_bytes,
    v.total_size_bytes,
    v.free_space_required_bytes,
    v.extra,
    b.labels,
    b.first_seen_at,
    CASE
        WHEN s.state = 'live' THEN greatest(b.first_seen_at, c.observed_at)
        WHEN b.missing_since = a.missing_since THEN b.last_seen_at
        WHEN a.missing_since <= c.pruned_until THEN NULL
        ELSE greatest(b.first_seen_at, (
            SELECT l.started_at
            FROM inventory.listings AS l
            WHERE l.cluster_id = b.cluster_id AND l.outcome = 'complete' AND l.started_at < a.missing_since
            ORDER BY l.started_at DESC
            LIMIT 1
        ))
    END,
    CASE WHEN s.state <> 'live' THEN a.missing_since END,
    CASE WHEN s.state = 'vanished' THEN a.vanished_at END,
    CASE
        WHEN s.state = 'vanished' THEN CASE WHEN b.vanished_at = a.vanished_at THEN b.vanish_reason ELSE 'unknown' END
    END,
    v.type,
    v.method,
    v.status,
    v.journal_size_bytes,
    v.shared_size_bytes,
    v.source_shard_names,
    v.databases,
    v.retention_policy_id,
    v.retention_policy_name,
    v.retain_until,
    v.retain_until_ns,
    inventory.rfc3339(v.retain_until, v.retain_until_ns),
    v.elasticsearch_version
FROM (
    SELECT
        k.cluster_id,
        k.pruned_until,
        (
            SELECT l.started_at
            FROM inventory.listings AS l
            WHERE l.cluster_id = k.cluster_id AND l.outcome = 'complete' AND l.started_at <= at
            ORDER BY l.started_at DESC
            LIMIT 1
        ) AS observed_at
    FROM inventory.clusters AS k
    -- Of what was before, only a part may be left: what was known then is not known any more.
    WHERE k.pruned_until IS NULL OR k.pruned_until <= at
) AS c
INNER JOIN inventory.backups AS b ON b.cluster_id = c.cluster_id
LEFT JOIN (
    SELECT
        h.cluster_id,
        h.backup_id,
        max(h.changed_at) FILTER (WHERE h.kind = 'missing') AS missing_since,
        max(h.changed_at) FILTER (WHERE h.kind = 'vanished') AS vanished_at,
        max(h.changed_at) FILTER (WHERE h.kind = 'returned') AS returned_at
    FROM inventory.changes AS h
    WHERE h.kind IN ('missing', 'vanished', 'returned') AND h.changed_at <= at
    GROUP BY h.cluster_id, h.backup_id
) AS a ON a.cluster_id = b.cluster_id AND a.backup_id = b.backup_id
LEFT JOIN (
    SELECT
        h.cluster_id,
        h.backup_id,
        jsonb_object_agg(e.key, e.value ORDER BY h.changed_at DESC) AS old_values
    FROM inventory.changes AS h
    CROSS JOIN LATERAL jsonb_each(h.before) AS e
    WHERE h.kind = 'changed' AND h.changed_at > at
    GROUP BY h.cluster_id, h.backup_id
) AS d ON d.cluster_id = b.cluster_id AND d.backup_id = b.backup_id
CROSS JOIN LATERAL jsonb_populate_record(b, coalesce(d.old_values, '{}')) AS v
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN a.missing_since IS NULL OR a.returned_at > a.missing_since THEN 'live'
            WHEN a.vanished_at > a.missing_since THEN 'vanished'
            ELSE 'missing'
        END AS state
) AS s
WHERE b.first_seen_at + INTERVAL '0' <= at
$$;
CREATE FUNCTION inventory.epoch_ns(at timestamp with time zone, ns smallint) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((((EXTRACT(epoch FROM at) * (1000000)::numeric))::numeric(30,0) * (1000)::numeric) + (ns)::numeric);
CREATE FUNCTION inventory.is_finished(status text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (COALESCE(status, ''::text) = ANY (ARRAY[''::text, 'DONE'::text, 'BACKUP_STATUS_UNSPECIFIED'::text]));
CREATE FUNCTION inventory.rfc3339(at timestamp with time zone, ns smallint) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((to_char((at AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD"T"HH24:MI:SS.US'::text) || lpad((ns)::text, 3, '0'::text)) || 'Z'::text);
CREATE TABLE collector.backup (
    created_at timestamp with time zone,
    started_at timestamp with time zone,
    size_bytes bigint,
    indices_total bigint,
    incremental_size_bytes bigint,
    total_size_bytes bigint,
    free_space_required_bytes bigint,
    journal_size_bytes bigint,
    shared_size_bytes bigint,
    retain_until timestamp with time zone,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone,
    missing_since timestamp with time zone,
    missing_listing_id bigint,
    vanished_at timestamp with time zone,
    vanished_listing_id bigint,
    index_set_id uuid,
    created_at_ns smallint,
    started_at_ns smallint,
    retain_until_ns smallint,
    cluster_id text NOT NULL,
    backup_id text NOT NULL,
    folder_id text,
    source_cluster_id text,
    opensearch_version text,
    elasticsearch_version text,
    type text,
    method text,
    status text,
    source_shard_names text[],
    databases text[],
    retention_policy_id text,
    retention_policy_name text,
    fingerprint bytea NOT NULL,
    extra jsonb,
    vanish_reason text,
    proof text GENERATED ALWAYS AS (
CASE
    WHEN (missing_listing_id IS NOT NULL) THEN 'complete'::text
    ELSE NULL::text
END) STORED,
    CONSTRAINT backup_created_at_is_whole CHECK ((((created_at IS NULL) = (created_at_ns IS NULL)) AND ((created_at_ns >= 0) AND (created_at_ns <= 999)))),
    CONSTRAINT backup_id_is_not_empty CHECK ((backup_id <> ''::text)),
    CONSTRAINT backup_missing_is_whole CHECK ((((missing_listing_id IS NULL) = (missing_since IS NULL)) AND ((missing_listing_id IS NULL) = (last_seen_at IS NULL)))),
    CONSTRAINT backup_retain_until_is_whole CHECK ((((retain_until IS NULL) = (retain_until_ns IS NULL)) AND ((retain_until_ns >= 0) AND (retain_until_ns <= 999)))),
    CONSTRAINT backup_started_at_is_whole CHECK ((((started_at IS NULL) = (started_at_ns IS NULL)) AND ((started_at_ns >= 0) AND (started_at_ns <= 999)))),
    CONSTRAINT backup_vanish_reason_is_known CHECK ((vanish_reason = ANY (ARRAY['cluster_deleted'::text, 'expired'::text, 'deleted_early'::text, 'unknown'::text]))),
    CONSTRAINT backup_vanished_is_whole CHECK ((((vanished_listing_id IS NULL) = (vanished_at IS NULL)) AND ((vanished_listing_id IS NULL) = (vanish_reason IS NULL)))),
    CONSTRAINT backup_vanishes_in_a_later_listing_than_it_was_missing CHECK (((vanished_listing_id IS NULL) OR ((missing_listing_id IS NOT NULL) AND (missing_listing_id < vanished_listing_id))))
);
CREATE TABLE collector.backup_change (
    change_id bigint NOT NULL,
    cluster_id text NOT NULL,
    backup_id text NOT NULL,
    listing_id bigint NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    before jsonb,
    after jsonb,
    CONSTRAINT backup_change_kind_is_known CHECK ((kind = ANY (ARRAY['changed'::text, 'missing'::text, 'returned'::text, 'vanished'::text])))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.02');
ALTER TABLE collector.backup_change ALTER COLUMN change_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME collector.backup_change_change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE collector.cluster (
    cluster_id text NOT NULL,
    service text NOT NULL,
    name text,
    folder_id text,
    labels jsonb DEFAULT '{}'::jsonb NOT NULL,
    source text NOT NULL,
    managed boolean NOT NULL,
    max_age interval NOT NULL,
    max_age_source text DEFAULT 'default'::text NOT NULL,
    observation_max_age interval NOT NULL,
    retention interval,
    retention_source text,
    registered_at timestamp with time zone DEFAULT now() NOT NULL,
    last_listing_id bigint DEFAULT 0 NOT NULL,
    complete_listing_id bigint,
    observed_at timestamp with time zone,
    listing_digest bytea,
    not_found_since timestamp with time zone,
    pruned_until timestamp with time zone,
    CONSTRAINT cluster_fence_covers_the_complete_listing CHECK ((complete_listing_id <= last_listing_id)),
    CONSTRAINT cluster_id_is_safe_in_a_path CHECK ((cluster_id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$'::text)),
    CONSTRAINT cluster_is_observed_by_a_complete_listing CHECK (((complete_listing_id IS NULL) = (observed_at IS NULL))),
    CONSTRAINT cluster_labels_are_an_object CHECK ((jsonb_typeof(labels) = 'object'::text)),
    CONSTRAINT cluster_max_age_source_is_known CHECK ((max_age_source = ANY (ARRAY['config'::text, 'schedule'::text, 'default'::text]))),
    CONSTRAINT cluster_retention_source_is_known CHECK ((retention_source = ANY (ARRAY['config'::text, 'schedule'::text]))),
    CONSTRAINT cluster_source_is_known CHECK ((source = ANY (ARRAY['config'::text, 'discovery'::text])))
)
WITH (fillfactor='75');
CREATE TABLE collector.cluster_change (
    change_id bigint NOT NULL,
    cluster_id text NOT NULL,
    discovery_id bigint NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    before jsonb,
    after jsonb,
    CONSTRAINT cluster_change_kind_is_known CHECK ((kind = ANY (ARRAY['renamed'::text, 'labels_changed'::text, 'status_changed'::text, 'schedule_changed'::text, 'schedule_weakened'::text, 'gone'::text, 'returned'::text])))
);
ALTER TABLE collector.cluster_change ALTER COLUMN change_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME collector.cluster_change_change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE collector.discovered_cluster (
    cluster_id text NOT NULL,
    source text NOT NULL,
    service text NOT NULL,
    folder_id text NOT NULL,
    name text,
    labels jsonb NOT NULL,
    environment text,
    status text,
    health text,
    schedule_period interval,
    retention_days integer,
    matched boolean NOT NULL,
    stopped_since timestamp with time zone,
    stopped_after timestamp with time zone,
    first_seen_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone,
    gone_since timestamp with time zone,
    CONSTRAINT discovered_cluster_gone_is_whole CHECK (((gone_since IS NULL) = (last_seen_at IS NULL))),
    CONSTRAINT discovered_cluster_id_is_safe_in_a_path CHECK ((cluster_id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$'::text)),
    CONSTRAINT discovered_cluster_labels_are_an_object CHECK ((jsonb_typeof(labels) = 'object'::text)),
    CONSTRAINT discovered_cluster_stopped_is_whole CHECK (((stopped_since IS NOT NULL) = (NOT (status IS DISTINCT FROM 'STOPPED'::text))))
);
CREATE TABLE collector.discovery (
    discovery_id bigint NOT NULL,
    source text NOT NULL,
    trace_id text NOT NULL,
    outcome text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone DEFAULT now() NOT NULL,
    pages integer NOT NULL,
    requests integer NOT NULL,
    retries integer NOT NULL,
    throttles integer NOT NULL,
    bytes bigint NOT NULL,
    listed integer NOT NULL,
    matched integer NOT NULL,
    skipped integer NOT NULL,
    gone integer NOT NULL,
    error text,
    message text,
    server_request_id text,
    CONSTRAINT discovery_failed_with_an_error CHECK (((outcome = 'failed'::text) = (error IS NOT NULL))),
    CONSTRAINT discovery_finds_gone_only_when_complete CHECK (((outcome = 'complete'::text) OR (gone = 0))),
    CONSTRAINT discovery_outcome_is_known CHECK ((outcome = ANY (ARRAY['complete'::text, 'partial'::text, 'held'::text, 'failed'::text, 'superseded'::text])))
);
CREATE SEQUENCE collector.discovery_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE collector.discovery_source (
    source text NOT NULL,
    kind text NOT NULL,
    folder_id text,
    service text,
    cloud_id text,
    active boolean NOT NULL,
    last_discovery_id bigint DEFAULT 0 NOT NULL,
    failed_discovery_id bigint DEFAULT 0 NOT NULL,
    observed_at timestamp with time zone,
    CONSTRAINT discovery_source_kind_is_known CHECK ((kind = ANY (ARRAY['folder'::text, 'cloud'::text]))),
    CONSTRAINT discovery_source_of_a_cloud_names_it CHECK (((kind = 'folder'::text) OR (cloud_id IS NOT NULL))),
    CONSTRAINT discovery_source_of_a_folder_has_a_service CHECK ((((kind = 'folder'::text) = (folder_id IS NOT NULL)) AND ((kind = 'folder'::text) = (service IS NOT NULL))))
);
CREATE TABLE collector.engine_version (
    service text NOT NULL,
    version_prefix text NOT NULL,
    supported_until date NOT NULL,
    source text NOT NULL,
    CONSTRAINT engine_version_prefix_is_not_empty CHECK ((version_prefix <> ''::text))
);
CREATE TABLE collector.index_set (
    index_set_id uuid NOT NULL,
    names text[] NOT NULL
);
CREATE TABLE collector.installation (
    is_only boolean DEFAULT true NOT NULL,
    installation_id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT installation_is_only_one CHECK (is_only)
);
CREATE TABLE collector.lease (
    lease_id smallint DEFAULT 1 NOT NULL,
    holder uuid,
    epoch bigint DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT lease_is_only_one CHECK ((lease_id = 1))
)
WITH (fillfactor='10');
CREATE TABLE collector.listing (
    listing_id bigint NOT NULL,
    sweep_id bigint,
    cluster_id text NOT NULL,
    outcome text NOT NULL,
    via text DEFAULT 'cluster'::text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone DEFAULT now() NOT NULL,
    pages integer NOT NULL,
    requests integer NOT NULL,
    retries integer NOT NULL,
    throttles integer NOT NULL,
    restarts integer NOT NULL,
    bytes bigint NOT NULL,
    listed integer NOT NULL,
    inserted integer DEFAULT 0 NOT NULL,
    updated integer DEFAULT 0 NOT NULL,
    unchanged integer DEFAULT 0 NOT NULL,
    missing integer DEFAULT 0 NOT NULL,
    vanished integer DEFAULT 0 NOT NULL,
    returned integer DEFAULT 0 NOT NULL,
    quarantined integer DEFAULT 0 NOT NULL,
    duplicates integer DEFAULT 0 NOT NULL,
    unkept integer DEFAULT 0 NOT NULL,
    error text,
    message text,
    server_request_id text,
    CONSTRAINT listing_accounts_for_every_record CHECK (((outcome = ANY (ARRAY['failed'::text, 'superseded'::text])) OR (listed = (((((inserted + updated) + unchanged) + returned) + quarantined) + duplicates)))),
    CONSTRAINT listing_failed_with_an_error CHECK (((outcome = 'failed'::text) = (error IS NOT NULL))),
    CONSTRAINT listing_marks_absence_only_when_complete CHECK (((outcome = 'complete'::text) OR ((missing = 0) AND (vanished = 0)))),
    CONSTRAINT listing_outcome_is_known CHECK ((outcome = ANY (ARRAY['complete'::text, 'partial'::text, 'held'::text, 'failed'::text, 'superseded'::text]))),
    CONSTRAINT listing_unkept_is_of_the_quarantined CHECK (((unkept >= 0) AND (unkept <= quarantined))),
    CONSTRAINT listing_via_is_known CHECK ((via = ANY (ARRAY['cluster'::text, 'folder'::text])))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.02');
CREATE SEQUENCE collector.listing_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE collector.migration (
    version bigint NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    program_version text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE collector.probe (
    probe_id smallint DEFAULT 1 NOT NULL,
    probed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT probe_is_only_one CHECK ((probe_id = 1))
)
WITH (fillfactor='10');
CREATE TABLE collector.quarantine (
    quarantine_id bigint NOT NULL,
    cluster_id text NOT NULL,
    fingerprint bytea NOT NULL,
    backup_id text,
    field text,
    reason text NOT NULL,
    raw bytea NOT NULL,
    raw_size_bytes bigint NOT NULL,
    first_listing_id bigint NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_listing_id bigint NOT NULL,
    last_seen_at timestamp with time zone NOT NULL
);
ALTER TABLE collector.quarantine ALTER COLUMN quarantine_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME collector.quarantine_quarantine_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE collector.sweep (
    sweep_id bigint NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    deadline_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    outcome text DEFAULT 'running'::text NOT NULL,
    trace_id text NOT NULL,
    program_version text NOT NULL,
    shard text,
    clusters_selected integer NOT NULL,
    clusters_complete integer DEFAULT 0 NOT NULL,
    clusters_partial integer DEFAULT 0 NOT NULL,
    clusters_held integer DEFAULT 0 NOT NULL,
    clusters_failed integer DEFAULT 0 NOT NULL,
    clusters_superseded integer DEFAULT 0 NOT NULL,
    CONSTRAINT sweep_is_running_or_finished CHECK (((outcome = 'running'::text) = (finished_at IS NULL))),
    CONSTRAINT sweep_outcome_is_known CHECK ((outcome = ANY (ARRAY['running'::text, 'complete'::text, 'partial'::text, 'failed'::text, 'interrupted'::text, 'aborted'::text])))
);
ALTER TABLE collector.sweep ALTER COLUMN sweep_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME collector.sweep_sweep_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW inventory.collection_holes AS
 SELECT c.service,
    c.cluster_id,
    c.name AS cluster_name,
    c.labels,
    h.hole_started_at,
    h.hole_ended_at,
    (h.hole_ended_at - h.hole_started_at) AS hole_duration,
    h.blind_until,
    c.observation_max_age
   FROM (collector.cluster c
     CROSS JOIN LATERAL ( SELECT o.hole_started_at,
            o.hole_ended_at,
                CASE
                    WHEN (o.hole_started_at IS NULL) THEN GREATEST((o.hole_ended_at - o.lifetime), c.pruned_until)
                    WHEN ((o.hole_ended_at - o.lifetime) > o.hole_started_at) THEN (o.hole_ended_at - o.lifetime)
                    ELSE NULL::timestamp with time zone
                END AS blind_until
           FROM ( SELECT lag(l.started_at) OVER (ORDER BY l.started_at) AS hole_started_at,
                    l.started_at AS hole_ended_at,
                    GREATEST(c.observation_max_age, c.retention) AS lifetime
                   FROM collector.listing l
                  WHERE ((l.cluster_id = c.cluster_id) AND (l.outcome = 'complete'::text) AND (l.started_at >= COALESCE(c.pruned_until, '-infinity'::timestamp with time zone)))) o
          WHERE ((o.hole_started_at IS NULL) OR ((o.hole_ended_at - o.hole_started_at) > c.observation_max_age))
        UNION ALL
         SELECT c.observed_at AS hole_started_at,
            NULL::timestamp with time zone AS hole_ended_at,
            NULL::timestamp with time zone AS blind_until
          WHERE (c.managed AND ((c.observed_at IS NULL) OR ((now() - c.observed_at) > c.observation_max_age)))) h);
CREATE VIEW inventory.attainment AS
 SELECT c.service,
    c.cluster_id,
    c.name AS cluster_name,
    c.labels,
    w.window_days,
    share.attained,
    share.missed,
    (((1)::numeric - share.attained) - share.missed) AS unknown,
        CASE
            WHEN ((length_of.missed = (0)::numeric) AND (length_of.attained = (0)::numeric)) THEN NULL::numeric
            ELSE round((length_of.attained / (length_of.attained + length_of.missed)), 9)
        END AS attained_of_known,
    length_of.longest_missed,
    known.first_at AS known_since,
    c.observed_at,
    c.max_age,
    c.managed
   FROM (((((((((collector.cluster c
     LEFT JOIN LATERAL ( SELECT l.started_at AS first_at
           FROM collector.listing l
          WHERE ((l.cluster_id = c.cluster_id) AND (l.outcome = 'complete'::text) AND (l.started_at >= COALESCE(c.pruned_until, '-infinity'::timestamp with time zone)))
          ORDER BY l.started_at
         LIMIT 1) known ON (true))
     CROSS JOIN LATERAL ( SELECT COALESCE(range_agg(tstzrange(s.created_at, LEAST((s.created_at + c.max_age), s.seen_at))), '{}'::tstzmultirange) AS attained,
            COALESCE(range_agg(tstzrange(s.seen_at, LEAST((s.created_at + c.max_age), s.missing_since))) FILTER (WHERE ((s.missing_since > s.seen_at) AND ((s.created_at + c.max_age) > s.seen_at))), '{}'::tstzmultirange) AS doubtful
           FROM ( SELECT b.created_at,
                    b.missing_since,
                    COALESCE(b.last_seen_at, GREATEST(b.first_seen_at, c.observed_at)) AS seen_at
                   FROM collector.backup b
                  WHERE ((b.cluster_id = c.cluster_id) AND (b.created_at > ((now() - '8760:00:00'::interval) - c.max_age)) AND (b.created_at <= now()) AND inventory.is_finished(b.status))) s
          WHERE (s.seen_at >= s.created_at)) backups)
     CROSS JOIN LATERAL ( SELECT ((COALESCE(range_agg(tstzrange(h.hole_started_at, LEAST(h.hole_ended_at, (h.blind_until + c.max_age)))) FILTER (WHERE (h.blind_until IS NOT NULL)), '{}'::tstzmultirange) + tstzmultirange(tstzrange(c.observed_at, NULL::timestamp with time zone))) + tstzmultirange(tstzrange(NULL::timestamp with time zone, known.first_at))) AS stretches
           FROM inventory.collection_holes h
          WHERE (h.cluster_id = c.cluster_id)) unseen)
     CROSS JOIN ( VALUES (30), (90), (365)) w(window_days))
     CROSS JOIN LATERAL ( SELECT (tstzmultirange(tstzrange((now() - make_interval(hours => (24 * w.window_days))), now())) - tstzmultirange(tstzrange('-infinity'::timestamp with time zone, COALESCE(c.pruned_until, '-infinity'::timestamp with time zone)))) AS whole) asked)
     CROSS JOIN LATERAL ( SELECT (asked.whole * backups.attained) AS attained,
            (((asked.whole - backups.attained) - backups.doubtful) - unseen.stretches) AS missed) part)
     CROSS JOIN LATERAL ( SELECT ( SELECT COALESCE(sum(EXTRACT(epoch FROM (upper(r.x) - lower(r.x)))), (0)::numeric) AS "coalesce"
                   FROM unnest(part.attained) r(x)) AS attained,
            ( SELECT COALESCE(sum(EXTRACT(epoch FROM (upper(r.x) - lower(r.x)))), (0)::numeric) AS "coalesce"
                   FROM unnest(part.missed) r(x)) AS missed,
            ( SELECT max((upper(r.x) - lower(r.x))) AS max
                   FROM unnest(part.missed) r(x)) AS longest_missed,
            (86400.0 * (w.window_days)::numeric) AS whole) length_of)
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN (length_of.attained = length_of.whole) THEN (1)::numeric
                    ELSE trunc((length_of.attained / length_of.whole), 9)
                END AS attained) sure)
     CROSS JOIN LATERAL ( SELECT sure.attained,
                CASE
                    WHEN ((length_of.attained + length_of.missed) = length_of.whole) THEN ((1)::numeric - sure.attained)
                    ELSE trunc((length_of.missed / length_of.whole), 9)
                END AS missed) share);
CREATE VIEW inventory.backup_times AS
 SELECT b.cluster_id,
    b.backup_id,
    b.created_at,
    b.created_at_ns,
        CASE
            WHEN (b.missing_listing_id IS NULL) THEN 'live'::text
            ELSE 'missing'::text
        END AS state,
    b.size_bytes,
    b.incremental_size_bytes,
    b.total_size_bytes,
    inventory.is_finished(b.status) AS finished
   FROM collector.backup b
  WHERE (b.vanished_listing_id IS NULL)
UNION ALL
 SELECT b.cluster_id,
    b.backup_id,
    b.created_at,
    b.created_at_ns,
    'vanished'::text AS state,
    b.size_bytes,
    b.incremental_size_bytes,
    b.total_size_bytes,
    inventory.is_finished(b.status) AS finished
   FROM collector.backup b
  WHERE (b.vanished_listing_id IS NOT NULL);
CREATE VIEW inventory.backups AS
 SELECT c.service,
    b.cluster_id,
    c.name AS cluster_name,
    b.backup_id,
    b.folder_id,
    b.source_cluster_id,
        CASE
            WHEN (b.vanished_listing_id IS NOT NULL) THEN 'vanished'::text
            WHEN (b.missing_listing_id IS NOT NULL) THEN 'missing'::text
            ELSE 'live'::text
        END AS state,
    b.started_at,
    b.started_at_ns,
    b.created_at,
    b.created_at_ns,
    inventory.rfc3339(b.started_at, b.started_at_ns) AS started_at_text,
    inventory.rfc3339(b.created_at, b.created_at_ns) AS created_at_text,
    (b.created_at - b.started_at) AS duration,
    b.opensearch_version,
    COALESCE(( SELECT s.names
           FROM collector.index_set s
          WHERE (s.index_set_id = b.index_set_id)), '{}'::text[]) AS indices,
    b.indices_total,
    (b.indices_total > COALESCE(( SELECT cardinality(s.names) AS cardinality
           FROM collector.index_set s
          WHERE (s.index_set_id = b.index_set_id)), 0)) AS indices_truncated,
    b.size_bytes,
    b.incremental_size_bytes,
    b.total_size_bytes,
    b.free_space_required_bytes,
    b.extra,
    c.labels,
    b.first_seen_at,
    COALESCE(b.last_seen_at, GREATEST(b.first_seen_at, c.observed_at)) AS last_seen_at,
    b.missing_since,
    b.vanished_at,
    b.vanish_reason,
    b.type,
    b.method,
    b.status,
    b.journal_size_bytes,
    b.shared_size_bytes,
    b.source_shard_names,
    b.databases,
    b.retention_policy_id,
    b.retention_policy_name,
    b.retain_until,
    b.retain_until_ns,
    inventory.rfc3339(b.retain_until, b.retain_until_ns) AS retain_until_text,
    b.elasticsearch_version
   FROM (collector.backup b
     JOIN collector.cluster c ON ((c.cluster_id = b.cluster_id)));
CREATE VIEW inventory.changes AS
 SELECT h.changed_at,
    h.cluster_id,
    c.service,
    c.name AS cluster_name,
    h.backup_id,
    h.kind,
        CASE
            WHEN (h.before ? 'index_set_id'::text) THEN ((h.before - 'index_set_id'::text) || jsonb_build_object('indices', COALESCE(( SELECT s.names
               FROM collector.index_set s
              WHERE (s.index_set_id = ((h.before ->> 'index_set_id'::text))::uuid)), '{}'::text[])))
            ELSE h.before
        END AS before,
        CASE
            WHEN (h.after ? 'index_set_id'::text) THEN ((h.after - 'index_set_id'::text) || jsonb_build_object('indices', COALESCE(( SELECT s.names
               FROM collector.index_set s
              WHERE (s.index_set_id = ((h.after ->> 'index_set_id'::text))::uuid)), '{}'::text[])))
            ELSE h.after
        END AS after,
    h.listing_id
   FROM (collector.backup_change h
     JOIN collector.cluster c ON ((c.cluster_id = h.cluster_id)))
UNION ALL
 SELECT b.first_seen_at AS changed_at,
    b.cluster_id,
    c.service,
    c.name AS cluster_name,
    b.backup_id,
    'appeared'::text AS kind,
    NULL::jsonb AS before,
    NULL::jsonb AS after,
    ( SELECT l.listing_id
           FROM collector.listing l
          WHERE ((l.cluster_id = b.cluster_id) AND (l.started_at = b.first_seen_at) AND (l.outcome = ANY (ARRAY['complete'::text, 'partial'::text, 'held'::text])))
          ORDER BY l.listing_id
         LIMIT 1) AS listing_id
   FROM (collector.backup b
     JOIN collector.cluster c ON ((c.cluster_id = b.cluster_id)));
CREATE VIEW inventory.cluster_changes AS
 SELECT h.change_id,
    h.changed_at,
    COALESCE(c.service, d.service) AS service,
    h.cluster_id,
    COALESCE(c.name, d.name) AS cluster_name,
    h.kind,
    h.before,
    h.after
   FROM ((collector.cluster_change h
     LEFT JOIN collector.cluster c ON ((c.cluster_id = h.cluster_id)))
     LEFT JOIN collector.discovered_cluster d ON ((d.cluster_id = h.cluster_id)));
CREATE VIEW inventory.clusters AS
 SELECT c.service,
    c.cluster_id,
    c.name,
    c.folder_id,
    c.labels,
    c.source,
    c.managed,
    c.max_age,
    d.status,
    c.observed_at,
    l.outcome AS last_outcome,
    (l.error || COALESCE((': '::text || l.message), ''::text)) AS last_error,
    l.started_at AS last_listing_at,
    c.observation_max_age,
    c.registered_at,
    c.not_found_since,
    c.max_age_source,
    c.retention,
    c.retention_source,
    d.name AS api_name,
    d.labels AS api_labels,
    d.environment,
    d.health,
    d.stopped_since,
    d.stopped_after,
    COALESCE(d.last_seen_at, GREATEST(d.changed_at, s.observed_at)) AS described_at,
    COALESCE(((d.gone_since IS NULL) AND s.active), false) AS in_discovery,
    c.pruned_until
   FROM (((collector.cluster c
     LEFT JOIN collector.discovered_cluster d ON ((d.cluster_id = c.cluster_id)))
     LEFT JOIN collector.discovery_source s ON ((s.source = d.source)))
     LEFT JOIN LATERAL ( SELECT x.outcome,
            x.error,
            x.message,
            x.started_at
           FROM collector.listing x
          WHERE (x.cluster_id = c.cluster_id)
          ORDER BY x.listing_id DESC
         LIMIT 1) l ON (true));
CREATE VIEW inventory.coverage AS
 SELECT COALESCE(c.cluster_id, d.cluster_id) AS cluster_id,
    COALESCE(c.service, d.service) AS service,
    COALESCE(c.name, d.name) AS name,
    COALESCE(c.folder_id, d.folder_id) AS folder_id,
        CASE
            WHEN ((d.gone_since IS NOT NULL) OR (absent.source IS NOT NULL)) THEN 'gone'::text
            WHEN (c.managed AND (c.source = 'config'::text)) THEN 'covered'::text
            WHEN (c.managed OR (d.matched AND s.active)) THEN 'unlisted'::text
            ELSE 'excluded'::text
        END AS coverage,
        CASE
            WHEN c.managed THEN c.source
            ELSE NULL::text
        END AS source,
    COALESCE(c.managed, false) AS managed,
    COALESCE(c.labels, d.labels) AS labels,
    d.status,
    d.first_seen_at AS first_discovered_at,
    COALESCE(d.last_seen_at, GREATEST(d.changed_at, s.observed_at)) AS last_discovered_at,
    COALESCE(d.gone_since, absent.observed_at) AS gone_since
   FROM (((collector.cluster c
     FULL JOIN collector.discovered_cluster d ON ((d.cluster_id = c.cluster_id)))
     LEFT JOIN collector.discovery_source s ON ((s.source = d.source)))
     LEFT JOIN collector.discovery_source absent ON (((d.cluster_id IS NULL) AND absent.active AND (absent.folder_id = c.folder_id) AND (absent.service = c.service) AND (absent.observed_at >= c.registered_at) AND ((c.observed_at IS NULL) OR (c.not_found_since IS NOT NULL) OR (c.observed_at < absent.observed_at)))))
  WHERE (c.managed OR s.active OR (d.gone_since IS NOT NULL));
CREATE VIEW inventory.discoveries AS
 SELECT h.discovery_id,
    h.trace_id,
    s.kind,
    s.folder_id,
    s.service,
    s.cloud_id,
    s.active,
    h.outcome,
    h.started_at,
    h.finished_at,
    (h.finished_at - h.started_at) AS duration,
    h.pages,
    h.requests,
    h.retries,
    h.throttles,
    h.bytes,
    h.listed,
    h.matched,
    h.skipped,
    h.gone,
    h.error,
    h.message,
    h.server_request_id
   FROM (collector.discovery h
     JOIN collector.discovery_source s ON ((s.source = h.source)));
CREATE VIEW inventory.discovery_sources AS
 SELECT s.kind,
    COALESCE(s.folder_id, s.cloud_id) AS source_id,
    s.service,
    s.cloud_id,
    h.outcome AS last_outcome,
    (h.error || COALESCE((': '::text || h.message), ''::text)) AS last_error,
    h.started_at AS last_discovery_at,
    h.throttles AS last_throttles,
    s.observed_at,
    (now() - s.observed_at) AS observation_age,
        CASE
            WHEN ((s.kind = 'folder'::text) AND (s.observed_at IS NOT NULL)) THEN ( SELECT count(*) AS count
               FROM collector.discovered_cluster d
              WHERE ((d.source = s.source) AND (d.gone_since IS NULL)))
            ELSE NULL::bigint
        END AS clusters
   FROM (collector.discovery_source s
     LEFT JOIN LATERAL ( SELECT x.outcome,
            x.error,
            x.message,
            x.started_at,
            x.throttles
           FROM collector.discovery x
          WHERE (x.source = s.source)
          ORDER BY x.discovery_id DESC
         LIMIT 1) h ON (true))
  WHERE s.active;
CREATE VIEW inventory.dropped_indices AS
 WITH recent AS NOT MATERIALIZED (
         SELECT k.cluster_id,
            two.backup_id,
            two.created_at,
            two.created_at_ns,
            two.indices_total,
            two.names,
            two.place
           FROM (collector.cluster k
             CROSS JOIN LATERAL ( SELECT b.backup_id,
                    b.created_at,
                    b.created_at_ns,
                    b.indices_total,
                    COALESCE(s.names, '{}'::text[]) AS names,
                    row_number() OVER (ORDER BY b.created_at DESC, b.created_at_ns DESC, b.backup_id DESC) AS place
                   FROM (collector.backup b
                     LEFT JOIN collector.index_set s ON ((s.index_set_id = b.index_set_id)))
                  WHERE ((b.cluster_id = k.cluster_id) AND (b.vanished_listing_id IS NULL) AND (b.missing_listing_id IS NULL) AND (b.created_at <= (now() + '01:00:00'::interval)))
                  ORDER BY b.created_at DESC, b.created_at_ns DESC, b.backup_id DESC
                 LIMIT 2) two)
        )
 SELECT c.service,
    c.cluster_id,
    c.name AS cluster_name,
    c.labels,
    gone.index_name,
        CASE
            WHEN (COALESCE(newest.indices_total, (0)::bigint) <> cardinality(newest.names)) THEN 'cannot tell'::text
            ELSE 'dropped'::text
        END AS verdict,
    newest.backup_id AS newest_backup_id,
    newest.created_at AS newest_created_at,
    newest.created_at_ns AS newest_created_at_ns,
    previous.backup_id AS previous_backup_id,
    previous.created_at AS previous_created_at,
    previous.created_at_ns AS previous_created_at_ns,
    (COALESCE(previous.indices_total, (0)::bigint) <> cardinality(previous.names)) AS previous_truncated
   FROM (((collector.cluster c
     JOIN recent newest ON (((newest.cluster_id = c.cluster_id) AND (newest.place = 1))))
     JOIN recent previous ON (((previous.cluster_id = c.cluster_id) AND (previous.place = 2))))
     CROSS JOIN LATERAL ( SELECT unnest(previous.names) AS index_name
        EXCEPT
         SELECT unnest(newest.names) AS unnest) gone);
CREATE VIEW inventory.freshness AS
 SELECT c.service,
    c.cluster_id,
    c.name AS cluster_name,
    c.labels,
        CASE
            WHEN ((c.observed_at IS NULL) OR ((now() - c.observed_at) > c.observation_max_age)) THEN 'unknown'::text
            WHEN (newest.created_at IS NULL) THEN 'stale'::text
            WHEN ((judged.at - newest.created_at) <= c.max_age) THEN 'fresh'::text
            WHEN (((d.stopped_since - newest.created_at) <= c.max_age) OR (d.stopped_since = d.first_seen_at)) THEN 'unknown'::text
            WHEN ((d.stopped_after - newest.created_at) <= c.max_age) THEN 'unknown'::text
            ELSE 'stale'::text
        END AS verdict,
    newest.backup_id AS newest_backup_id,
    newest.created_at AS newest_created_at,
    newest.created_at_ns AS newest_created_at_ns,
    (now() - newest.created_at) AS backup_age,
    c.max_age,
    c.observed_at,
    (now() - c.observed_at) AS observation_age,
    ( SELECT count(*) AS count
           FROM collector.backup b
          WHERE ((b.cluster_id = c.cluster_id) AND (b.vanished_listing_id IS NULL) AND (b.missing_listing_id IS NULL))) AS live_backups,
    d.status,
    judged.expected,
    d.stopped_since,
    c.max_age_source,
    c.retention,
    c.retention_source
   FROM ((((collector.cluster c
     LEFT JOIN collector.discovered_cluster d ON (((d.cluster_id = c.cluster_id) AND (d.gone_since IS NULL))))
     LEFT JOIN collector.discovery_source s ON ((s.source = d.source)))
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN e.expected THEN now()
                    ELSE d.stopped_since
                END AS at,
            e.expected
           FROM ( SELECT ((d.stopped_since IS NULL) OR ((now() - GREATEST(d.changed_at, s.observed_at)) > c.observation_max_age)) AS expected) e) judged)
     LEFT JOIN LATERAL ( SELECT b.backup_id,
            b.created_at,
            b.created_at_ns
           FROM collector.backup b
          WHERE ((b.cluster_id = c.cluster_id) AND (b.vanished_listing_id IS NULL) AND (b.missing_listing_id IS NULL) AND (b.created_at <= (now() + '01:00:00'::interval)) AND inventory.is_finished(b.status))
          ORDER BY b.created_at DESC, b.created_at_ns DESC, b.backup_id DESC
         LIMIT 1) newest ON (true))
  WHERE c.managed;
CREATE VIEW inventory.gaps AS
 SELECT c.service,
    c.cluster_id,
    c.name AS cluster_name,
    c.labels,
    s.created_at AS gap_started_at,
    s.next_created_at AS gap_ended_at,
    (COALESCE(s.next_created_at, c.observed_at) - s.created_at) AS gap_duration,
    c.max_age,
    s.backup_id AS before_backup_id,
    s.next_backup_id AS after_backup_id,
    (blind.stretches IS NOT NULL) AS collection_hole,
    COALESCE(proven.duration, '00:00:00'::interval) AS proven_duration,
    COALESCE((proven.duration > c.max_age), false) AS proven
   FROM (((collector.cluster c
     CROSS JOIN LATERAL ( SELECT b.backup_id,
            b.created_at,
            lead(b.backup_id) OVER in_time AS next_backup_id,
            lead(b.created_at) OVER in_time AS next_created_at
           FROM collector.backup b
          WHERE ((b.cluster_id = c.cluster_id) AND (b.created_at <= (now() + '01:00:00'::interval)) AND inventory.is_finished(b.status))
          WINDOW in_time AS (ORDER BY b.created_at, b.created_at_ns, b.backup_id)) s)
     LEFT JOIN LATERAL ( SELECT range_agg(o.blind) FILTER (WHERE (NOT isempty(o.blind))) AS stretches
           FROM ( SELECT (tstzrange(l.previous_at, GREATEST(l.previous_at, (l.started_at - l.lifetime)), '()'::text) * tstzrange(s.created_at, COALESCE(s.next_created_at, c.observed_at), '()'::text)) AS blind
                   FROM ( SELECT z.started_at,
                            COALESCE(lag(z.started_at) OVER (ORDER BY z.started_at), '-infinity'::timestamp with time zone) AS previous_at,
                            GREATEST(c.observation_max_age, c.retention) AS lifetime
                           FROM ( SELECT 'infinity'::timestamp with time zone AS started_at
                                UNION ALL
                                 SELECT x.started_at
                                   FROM collector.listing x
                                  WHERE ((x.cluster_id = c.cluster_id) AND (x.outcome = 'complete'::text) AND (x.started_at >= COALESCE(( SELECT y.started_at
   FROM collector.listing y
  WHERE ((y.cluster_id = c.cluster_id) AND (y.outcome = 'complete'::text) AND (y.started_at <= s.created_at))
  ORDER BY y.started_at DESC
 LIMIT 1), '-infinity'::timestamp with time zone)) AND (x.started_at <= COALESCE(( SELECT y.started_at
   FROM collector.listing y
  WHERE ((y.cluster_id = c.cluster_id) AND (y.outcome = 'complete'::text) AND (y.started_at >= s.next_created_at))
  ORDER BY y.started_at
 LIMIT 1), 'infinity'::timestamp with time zone)))) z) l
                UNION ALL
                 SELECT (tstzrange('-infinity'::timestamp with time zone, COALESCE(c.pruned_until, '-infinity'::timestamp with time zone)) * tstzrange(s.created_at, COALESCE(s.next_created_at, c.observed_at), '()'::text))) o) blind ON (true))
     LEFT JOIN LATERAL ( SELECT max((upper(p.piece) - lower(p.piece))) AS duration
           FROM unnest((tstzmultirange(tstzrange(s.created_at, COALESCE(s.next_created_at, c.observed_at), '()'::text)) - COALESCE(blind.stretches, '{}'::tstzmultirange))) p(piece)) proven ON (true))
  WHERE ((COALESCE(s.next_created_at, c.observed_at) - s.created_at) > c.max_age);
CREATE VIEW inventory.index_backups AS
 SELECT c.service,
    c.cluster_id,
    c.name AS cluster_name,
    c.labels,
    f.index_name,
    f.backup_id,
    f.created_at,
    f.created_at_ns,
    f.opensearch_version,
    f.indices_total,
    f.indices_truncated,
    f.listed_only,
    c.observed_at
   FROM (collector.cluster c
     CROSS JOIN LATERAL ( WITH holder AS (
                 SELECT DISTINCT ON (b.index_set_id, b.indices_total) b.index_set_id,
                    b.indices_total,
                    b.backup_id,
                    b.created_at,
                    b.created_at_ns,
                    b.opensearch_version
                   FROM collector.backup b
                  WHERE ((b.cluster_id = c.cluster_id) AND (b.vanished_listing_id IS NULL) AND (b.missing_listing_id IS NULL) AND (b.created_at <= (now() + '01:00:00'::interval)))
                  ORDER BY b.index_set_id, b.indices_total, b.created_at DESC, b.created_at_ns DESC, b.backup_id DESC
                ), named AS (
                 SELECT holder.index_set_id,
                    holder.indices_total,
                    holder.backup_id,
                    holder.created_at,
                    holder.created_at_ns,
                    holder.opensearch_version,
                    COALESCE(s.names, '{}'::text[]) AS names,
                    (COALESCE(holder.indices_total, (0)::bigint) <> COALESCE(cardinality(s.names), 0)) AS indices_truncated
                   FROM (holder
                     LEFT JOIN collector.index_set s ON ((s.index_set_id = holder.index_set_id)))
                )
         SELECT DISTINCT ON (n.index_name) n.index_name,
            named.backup_id,
            named.created_at,
            named.created_at_ns,
            named.opensearch_version,
            named.indices_total,
            named.indices_truncated,
            (EXISTS ( SELECT
                   FROM named newer
                  WHERE (newer.indices_truncated AND (ROW(newer.created_at, newer.created_at_ns) > ROW(named.created_at, named.created_at_ns))))) AS listed_only
           FROM (named
             CROSS JOIN LATERAL unnest(named.names) n(index_name))
          ORDER BY n.index_name, named.created_at DESC, named.created_at_ns DESC, named.backup_id DESC) f);
CREATE VIEW inventory.listings AS
 SELECT l.listing_id,
    l.sweep_id,
    c.service,
    l.cluster_id,
    c.name AS cluster_name,
    l.outcome,
    l.via,
    l.started_at,
    l.finished_at,
    (l.finished_at - l.started_at) AS duration,
    l.pages,
    l.requests,
    l.retries,
    l.throttles,
    l.restarts,
    l.bytes,
    l.listed,
    l.inserted,
    l.updated,
    l.unchanged,
    l.missing,
    l.vanished,
    l.returned,
    l.quarantined,
    l.duplicates,
    l.unkept,
    l.error,
    l.message,
    l.server_request_id
   FROM (collector.listing l
     JOIN collector.cluster c ON ((c.cluster_id = l.cluster_id)));
CREATE VIEW inventory.quarantine AS
 SELECT c.service,
    q.cluster_id,
    c.name AS cluster_name,
    q.backup_id,
    q.field,
    q.reason,
    q.raw,
    q.raw_size_bytes,
    q.first_seen_at,
    q.last_seen_at,
    (q.last_listing_id = c.last_listing_id) AS in_newest_listing
   FROM (collector.quarantine q
     JOIN collector.cluster c ON ((c.cluster_id = q.cluster_id)));
CREATE VIEW inventory.restorability AS
 SELECT f.service,
    f.cluster_id,
    f.cluster_name,
    f.labels,
        CASE
            WHEN ((c.observed_at IS NULL) OR ((now() - c.observed_at) > c.observation_max_age)) THEN 'unknown'::text
            WHEN (newest.backup_id IS NULL) THEN 'no'::text
            WHEN (version.supported_until IS NULL) THEN 'unknown'::text
            WHEN (version.supported_until < ((now() AT TIME ZONE 'UTC'::text))::date) THEN 'no'::text
            ELSE 'yes'::text
        END AS restorable,
    newest.backup_id,
    newest.created_at,
    newest.created_at_ns,
    newest.opensearch_version,
    (version.supported_until >= ((now() AT TIME ZONE 'UTC'::text))::date) AS version_supported,
    version.supported_until,
    version.source,
    newest.free_space_required_bytes,
    newest.total_size_bytes,
    f.observed_at,
    newest.elasticsearch_version
   FROM (((inventory.freshness f
     JOIN collector.cluster c ON ((c.cluster_id = f.cluster_id)))
     LEFT JOIN collector.backup newest ON (((newest.cluster_id = f.cluster_id) AND (newest.backup_id = f.newest_backup_id))))
     LEFT JOIN LATERAL ( SELECT v.supported_until,
            v.source
           FROM collector.engine_version v
          WHERE ((v.service = f.service) AND starts_with((COALESCE(newest.opensearch_version, newest.elasticsearch_version) || '.'::text), (v.version_prefix || '.'::text)))
          ORDER BY (length(v.version_prefix)) DESC
         LIMIT 1) version ON (true));
CREATE VIEW inventory.storage_daily AS
 SELECT c.service,
    c.cluster_id,
    c.name AS cluster_name,
    c.labels,
    d.day,
    d.billable_bytes,
    d.restorable_bytes,
    d.backups,
    d.backups_without_size,
    (EXISTS ( SELECT
           FROM collector.listing l
          WHERE ((l.cluster_id = c.cluster_id) AND (l.outcome = 'complete'::text) AND (l.started_at >= ((d.day)::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (l.started_at < (((d.day + 1))::timestamp without time zone AT TIME ZONE 'UTC'::text))))) AS known
   FROM ((collector.cluster c
     CROSS JOIN LATERAL ( SELECT ((l.started_at AT TIME ZONE 'UTC'::text))::date AS first_day,
            ((
                CASE
                    WHEN c.managed THEN now()
                    ELSE c.observed_at
                END AT TIME ZONE 'UTC'::text))::date AS last_day
           FROM collector.listing l
          WHERE ((l.cluster_id = c.cluster_id) AND (l.outcome = 'complete'::text) AND (l.started_at >= COALESCE(c.pruned_until, '-infinity'::timestamp with time zone)))
          ORDER BY l.started_at
         LIMIT 1) span)
     CROSS JOIN LATERAL ( WITH dated AS (
                 SELECT b.backup_id,
                    b.created_at,
                    b.created_at_ns,
                    b.status,
                    COALESCE(b.incremental_size_bytes, b.size_bytes) AS billable_bytes,
                    COALESCE(b.total_size_bytes, b.size_bytes) AS restorable_bytes,
                    GREATEST(((LEAST(b.created_at, b.first_seen_at) AT TIME ZONE 'UTC'::text))::date, span.first_day) AS first_day,
                    ((b.missing_since AT TIME ZONE 'UTC'::text))::date AS gone_day
                   FROM collector.backup b
                  WHERE (b.cluster_id = c.cluster_id)
                ), stay AS (
                 SELECT dated.backup_id,
                    dated.created_at,
                    dated.created_at_ns,
                    dated.status,
                    dated.billable_bytes,
                    dated.restorable_bytes,
                    dated.first_day,
                    dated.gone_day
                   FROM dated
                  WHERE ((dated.gone_day IS NULL) OR (dated.gone_day > dated.first_day))
                ), changed AS (
                 SELECT e.day,
                    sum(e.backups) AS backups,
                    sum(e.billable_bytes) AS billable_bytes,
                    sum(e.backups_without_size) AS backups_without_size
                   FROM ( SELECT stay.first_day AS day,
                            count(*) AS backups,
                            sum(stay.billable_bytes) AS billable_bytes,
                            (count(*) - count(stay.billable_bytes)) AS backups_without_size
                           FROM stay
                          GROUP BY stay.first_day
                        UNION ALL
                         SELECT stay.gone_day AS day,
                            (- count(*)) AS backups,
                            (- sum(stay.billable_bytes)) AS billable_bytes,
                            (count(stay.billable_bytes) - count(*)) AS backups_without_size
                           FROM stay
                          WHERE (stay.gone_day IS NOT NULL)
                          GROUP BY stay.gone_day) e
                  GROUP BY e.day
                ), candidate AS (
                 SELECT n.backup_id,
                    n.created_at,
                    n.created_at_ns,
                    n.restorable_bytes,
                    n.first_day,
                    LEAST(span.last_day, (n.gone_day - 1),
                        CASE
                            WHEN (COALESCE(n.next_gone_day, 'infinity'::date) >= COALESCE(n.gone_day, 'infinity'::date)) THEN (n.next_day - 1)
                            ELSE NULL::date
                        END) AS final_day
                   FROM ( SELECT stay.backup_id,
                            stay.created_at,
                            stay.created_at_ns,
                            stay.status,
                            stay.billable_bytes,
                            stay.restorable_bytes,
                            stay.first_day,
                            stay.gone_day,
                            lead(stay.first_day) OVER in_time AS next_day,
                            lead(stay.gone_day) OVER in_time AS next_gone_day
                           FROM stay
                          WHERE ((stay.created_at <= (now() + '01:00:00'::interval)) AND inventory.is_finished(stay.status))
                          WINDOW in_time AS (ORDER BY stay.created_at, stay.created_at_ns, stay.backup_id)) n
                ), newest AS (
                 SELECT DISTINCT ON (n.day) n.day,
                    candidate.restorable_bytes
                   FROM (candidate
                     CROSS JOIN LATERAL ( SELECT (candidate.first_day + g.number) AS day
                           FROM generate_series(0, (candidate.final_day - candidate.first_day)) g(number)) n)
                  ORDER BY n.day, candidate.created_at DESC, candidate.created_at_ns DESC, candidate.backup_id DESC
                )
         SELECT s.day,
            COALESCE(sum(changed.billable_bytes) OVER (ORDER BY s.day), (0)::numeric) AS billable_bytes,
            newest.restorable_bytes,
            (COALESCE(sum(changed.backups) OVER (ORDER BY s.day), (0)::numeric))::bigint AS backups,
            (COALESCE(sum(changed.backups_without_size) OVER (ORDER BY s.day), (0)::numeric))::bigint AS backups_without_size
           FROM ((( SELECT (span.first_day + g.number) AS day
                   FROM generate_series(0, (span.last_day - span.first_day)) g(number)) s
             LEFT JOIN changed ON ((changed.day = s.day)))
             LEFT JOIN newest ON ((newest.day = s.day)))) d);
CREATE VIEW inventory.sweeps AS
 SELECT sweep_id,
    outcome,
    started_at,
    finished_at,
    (finished_at - started_at) AS duration,
    shard,
    clusters_selected,
    clusters_complete,
    clusters_partial,
    clusters_held,
    clusters_failed,
    clusters_superseded,
    trace_id,
    program_version
   FROM collector.sweep s;
CREATE VIEW inventory.vitals AS
 SELECT f.service,
    f.cluster_id,
    f.cluster_name,
    f.verdict,
    f.newest_created_at,
    f.backup_age,
    f.max_age,
    f.observation_age,
    f.live_backups,
    stored.live_bytes,
    c.observation_max_age,
    COALESCE((merged.outcome = 'held'::text), false) AS held,
    ( SELECT count(*) AS count
           FROM collector.quarantine q
          WHERE ((q.cluster_id = c.cluster_id) AND (q.last_listing_id = c.last_listing_id))) AS quarantined,
        CASE
            WHEN (schedule.kind = 'schedule_weakened'::text) THEN schedule.changed_at
            ELSE NULL::timestamp with time zone
        END AS schedule_weakened_at
   FROM ((((inventory.freshness f
     JOIN collector.cluster c ON ((c.cluster_id = f.cluster_id)))
     LEFT JOIN collector.listing merged ON ((merged.listing_id = c.last_listing_id)))
     LEFT JOIN LATERAL ( SELECT h.kind,
            h.changed_at
           FROM collector.cluster_change h
          WHERE ((h.cluster_id = c.cluster_id) AND (h.kind = ANY (ARRAY['schedule_changed'::text, 'schedule_weakened'::text])))
          ORDER BY h.change_id DESC
         LIMIT 1) schedule ON (true))
     CROSS JOIN LATERAL ( SELECT COALESCE(sum(COALESCE(b.incremental_size_bytes, b.size_bytes)), (0)::numeric) AS live_bytes
           FROM collector.backup b
          WHERE ((b.cluster_id = f.cluster_id) AND (b.vanished_listing_id IS NULL) AND (b.missing_listing_id IS NULL))) stored);
INSERT INTO collector.backup VALUES ('2026-11-19 00:05:00+00', NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-20 01:00:00+00', '2026-11-20 01:00:00+00', '2026-11-20 02:00:00+00', 3, '2026-11-20 03:00:00+00', 5, NULL, 0, NULL, NULL, 'c9qone', 'vanished', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x03', NULL, 'unknown', DEFAULT);
INSERT INTO collector.backup VALUES ('2026-11-20 00:00:00+00', NULL, NULL, NULL, NULL, NULL, NULL, 7, NULL, NULL, '2026-11-20 01:00:00+00', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, 'c9qtwo', 'c9qtwo:base_1', NULL, NULL, NULL, NULL, 'AUTOMATED', 'BASE', 'DONE', NULL, NULL, NULL, NULL, '\x04', NULL, NULL, DEFAULT);
INSERT INTO collector.backup VALUES ('2026-11-20 00:05:00.123456+00', '2026-11-20 00:00:00+00', 9223372036854775807, 2, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-20 01:00:00+00', NULL, NULL, NULL, NULL, NULL, 'c3fcd3d7-6192-e400-7dfb-496cca67e13b', 789, 1, NULL, 'c9qone', 'live', 'b1gfolder', 'c9qone', '2.12', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x01', '{"newField": [1, null]}', NULL, DEFAULT);
INSERT INTO collector.backup VALUES ('9999-12-31 23:59:59.999999+00', '0001-01-01 00:00:00+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-20 01:00:00+00', '2026-11-20 02:00:00+00', '2026-11-20 03:00:00+00', 5, NULL, NULL, NULL, 999, 0, NULL, 'c9qone', 'missing', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x02', NULL, NULL, DEFAULT);
INSERT INTO collector.backup_change OVERRIDING SYSTEM VALUE VALUES (1, 'c9qone', 'vanished', 3, '2026-11-20 02:00:00+00', 'missing', NULL, NULL);
INSERT INTO collector.backup_change OVERRIDING SYSTEM VALUE VALUES (2, 'c9qone', 'live', 3, '2026-11-20 02:00:00+00', 'changed', '{"size_bytes": 1}', '{"size_bytes": 9223372036854775807}');
INSERT INTO collector.backup_change OVERRIDING SYSTEM VALUE VALUES (3, 'c9qone', 'missing', 5, '2026-11-20 03:00:00+00', 'missing', NULL, NULL);
INSERT INTO collector.backup_change OVERRIDING SYSTEM VALUE VALUES (4, 'c9qone', 'vanished', 5, '2026-11-20 03:00:00+00', 'vanished', NULL, NULL);
INSERT INTO collector.cluster VALUES ('c9qone', 'opensearch', 'search', 'b1gfolder', '{"env": "prod"}', 'config', true, '26:00:00', 'default', '02:00:00', NULL, NULL, '2026-11-20 00:00:00+00', 5, 5, '2026-11-20 03:00:00+00', NULL, NULL, NULL);
INSERT INTO collector.cluster VALUES ('c9qtwo', 'postgresql', NULL, NULL, '{}', 'discovery', true, '26:00:00', 'default', '02:00:00', NULL, NULL, '2026-11-20 00:00:00+00', 6, 4, '2026-11-20 02:00:00+00', '\x00010203', NULL, NULL);
INSERT INTO collector.cluster_change OVERRIDING SYSTEM VALUE VALUES (1, 'c9qtwo', 1, '2026-11-20 01:00:00+00', 'status_changed', '"CREATING"', '"RUNNING"');
INSERT INTO collector.discovered_cluster VALUES ('c9qtwo', 'folder/b1gfolder/postgresql', 'postgresql', 'b1gfolder', 'orders', '{}', NULL, 'RUNNING', NULL, NULL, NULL, true, NULL, NULL, '2026-11-20 01:00:00+00', '2026-11-20 01:00:00+00', NULL, NULL);
INSERT INTO collector.discovery VALUES (1, 'folder/b1gfolder/postgresql', 'trace-1', 'complete', '2026-11-20 01:00:00+00', '2026-11-20 00:00:00+00', 1, 1, 0, 0, 200, 1, 1, 0, 0, NULL, NULL, NULL);
INSERT INTO collector.discovery_source VALUES ('folder/b1gfolder/postgresql', 'folder', 'b1gfolder', 'postgresql', NULL, true, 1, 0, '2026-11-20 01:00:00+00');
INSERT INTO collector.index_set VALUES ('c3fcd3d7-6192-e400-7dfb-496cca67e13b', '{.kibana_1,logs}');
INSERT INTO collector.installation VALUES (true, '00000000-0000-4000-8000-000000000000', '2026-11-20 00:00:00+00');
INSERT INTO collector.lease VALUES (1, NULL, 0, '2026-11-20 00:00:00+00');
INSERT INTO collector.listing VALUES (1, 1, 'c9qone', 'complete', 'cluster', '2026-11-20 01:00:00+00', '2026-11-20 00:00:00+00', 1, 1, 0, 0, 0, 900, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL);
INSERT INTO collector.listing VALUES (2, 1, 'c9qtwo', 'complete', 'cluster', '2026-11-20 01:00:00+00', '2026-11-20 00:00:00+00', 1, 1, 0, 0, 0, 400, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL);
INSERT INTO collector.listing VALUES (3, 2, 'c9qone', 'complete', 'cluster', '2026-11-20 02:00:00+00', '2026-11-20 00:00:00+00', 1, 1, 0, 0, 0, 600, 2, 0, 0, 2, 1, 0, 0, 0, 0, 0, NULL, NULL, NULL);
INSERT INTO collector.listing VALUES (4, 2, 'c9qtwo', 'complete', 'cluster', '2026-11-20 02:00:00+00', '2026-11-20 00:00:00+00', 1, 1, 0, 0, 0, 400, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL);
INSERT INTO collector.listing VALUES (5, 3, 'c9qone', 'complete', 'cluster', '2026-11-20 03:00:00+00', '2026-11-20 00:00:00+00', 1, 1, 0, 0, 0, 300, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, NULL, NULL, NULL);
INSERT INTO collector.listing VALUES (6, 3, 'c9qtwo', 'failed', 'cluster', '2026-11-20 03:00:00+00', '2026-11-20 00:00:00+00', 0, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'unavailable', 'the API answered 503', NULL);
INSERT INTO collector.migration VALUES (1, 'create_tables', 'ba5ccf40a67bc73ee47dfb840b2eb0c61ff3e5e5b8716203f03e71c0a3df4ce7', '0', '2026-11-20 00:00:00+00');
INSERT INTO collector.migration VALUES (2, 'create_inventory', '44c6d3894c57c7e992a0434a6368702b407fe1fe685304a0c6338918ceccba15', '0', '2026-11-20 00:00:00+00');
INSERT INTO collector.migration VALUES (3, 'notice_edits_by_hand', '894d1b225abeff7ee82663ef087b882778c548504a46eea0838953752b4cf19e', '0', '2026-11-20 00:00:00+00');
INSERT INTO collector.migration VALUES (4, 'create_analysis', '66c67b0161504fbe38af9f1a3f8f4bf8570deaa5df577aa4336cd6b8c66e428f', '0', '2026-11-20 00:00:00+00');
INSERT INTO collector.migration VALUES (5, 'create_lease', '645c07caf2bdffc93e090db5b802b53b2a633769d1d09c400c1a8e706392ad6d', '0', '2026-11-20 00:00:00+00');
INSERT INTO collector.migration VALUES (6, 'show_discovery', 'd8455578efbbaba8c1d08f119a09dd0e6750226abdb6a7bb141920f3b08a2707', '0', '2026-11-20 00:00:00+00');
INSERT INTO collector.migration VALUES (7, 'create_roles', 'ede5420ecc900a76d4e658832aca84bc1b24dd042d5f0ae6db4d1d21cdb63036', '0', '2026-11-20 00:00:00+00');
INSERT INTO collector.migration VALUES (8, 'create_pruning', '52e95250c3aa95a8290b79119caa41fa5637ce54575beea4ab318eb6cc6a5755', '0', '2026-11-20 00:00:00+00');
INSERT INTO collector.migration VALUES (9, 'create_installation', '9305ac1fba5c2673296fcbd985db5282aa0a3d92866e82817d840d36b4aba1c5', '0', '2026-11-20 00:00:00+00');
INSERT INTO collector.probe VALUES (1, '2026-11-20 00:00:00+00');
INSERT INTO collector.quarantine OVERRIDING SYSTEM VALUE VALUES (1, 'c9qone', '\x05', 'odd', 'sizeBytes', 'not an int64', '\x7b7d', 2, 1, '2026-11-20 01:00:00+00', 1, '2026-11-20 01:00:00+00');
INSERT INTO collector.sweep OVERRIDING SYSTEM VALUE VALUES (1, '2026-11-20 00:00:00+00', '2026-11-20 01:30:00+00', '2026-11-20 01:01:00+00', 'complete', 'trace-1', '0.1.0', NULL, 2, 2, 0, 0, 0, 0);
INSERT INTO collector.sweep OVERRIDING SYSTEM VALUE VALUES (2, '2026-11-20 00:00:00+00', '2026-11-20 02:30:00+00', '2026-11-20 02:01:00+00', 'complete', 'trace-2', '0.1.0', NULL, 2, 2, 0, 0, 0, 0);
INSERT INTO collector.sweep OVERRIDING SYSTEM VALUE VALUES (3, '2026-11-20 00:00:00+00', '2026-11-20 03:30:00+00', '2026-11-20 03:01:00+00', 'partial', 'trace-3', '0.1.0', NULL, 2, 1, 0, 0, 1, 0);
SELECT pg_catalog.setval('collector.backup_change_change_id_seq', 4, true);
SELECT pg_catalog.setval('collector.cluster_change_change_id_seq', 1, true);
SELECT pg_catalog.setval('collector.discovery_id_seq', 1, true);
SELECT pg_catalog.setval('collector.listing_id_seq', 6, true);
SELECT pg_catalog.setval('collector.quarantine_quarantine_id_seq', 1, true);
SELECT pg_catalog.setval('collector.sweep_sweep_id_seq', 3, true);
ALTER TABLE ONLY collector.backup_change
    ADD CONSTRAINT backup_change_pkey PRIMARY KEY (change_id);
ALTER TABLE ONLY collector.backup
    ADD CONSTRAINT backup_pkey PRIMARY KEY (cluster_id, backup_id);
ALTER TABLE ONLY collector.cluster_change
    ADD CONSTRAINT cluster_change_pkey PRIMARY KEY (change_id);
ALTER TABLE ONLY collector.cluster
    ADD CONSTRAINT cluster_pkey PRIMARY KEY (cluster_id);
ALTER TABLE ONLY collector.discovered_cluster
    ADD CONSTRAINT discovered_cluster_pkey PRIMARY KEY (cluster_id);
ALTER TABLE ONLY collector.discovery
    ADD CONSTRAINT discovery_pkey PRIMARY KEY (discovery_id, source);
ALTER TABLE ONLY collector.discovery_source
    ADD CONSTRAINT discovery_source_pkey PRIMARY KEY (source);
ALTER TABLE ONLY collector.engine_version
    ADD CONSTRAINT engine_version_pkey PRIMARY KEY (service, version_prefix);
ALTER TABLE ONLY collector.index_set
    ADD CONSTRAINT index_set_pkey PRIMARY KEY (index_set_id);
ALTER TABLE ONLY collector.installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (is_only);
ALTER TABLE ONLY collector.lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (lease_id);
ALTER TABLE ONLY collector.listing
    ADD CONSTRAINT listing_can_be_cited_as_proof UNIQUE (cluster_id, listing_id, outcome);
ALTER TABLE ONLY collector.listing
    ADD CONSTRAINT listing_pkey PRIMARY KEY (listing_id);
ALTER TABLE ONLY collector.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (version);
ALTER TABLE ONLY collector.probe
    ADD CONSTRAINT probe_pkey PRIMARY KEY (probe_id);
ALTER TABLE ONLY collector.quarantine
    ADD CONSTRAINT quarantine_keeps_a_record_once UNIQUE (cluster_id, fingerprint);
ALTER TABLE ONLY collector.quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (quarantine_id);
ALTER TABLE ONLY collector.sweep
    ADD CONSTRAINT sweep_pkey PRIMARY KEY (sweep_id);
CREATE INDEX backup_change_cluster_idx ON collector.backup_change USING btree (cluster_id, backup_id, changed_at, kind);
CREATE INDEX backup_change_in_time_idx ON collector.backup_change USING brin (changed_at);
CREATE INDEX backup_first_seen_idx ON collector.backup USING brin (first_seen_at);
CREATE INDEX backup_missing_proof_idx ON collector.backup USING btree (cluster_id, missing_listing_id) WHERE (missing_listing_id IS NOT NULL);
CREATE INDEX backup_present_idx ON collector.backup USING btree (cluster_id, created_at, created_at_ns) WHERE (vanished_listing_id IS NULL);
CREATE INDEX backup_state_idx ON collector.backup USING btree (cluster_id, created_at) WHERE (
CASE
    WHEN (vanished_listing_id IS NOT NULL) THEN 'vanished'::text
    WHEN (missing_listing_id IS NOT NULL) THEN 'missing'::text
    ELSE 'live'::text
END <> 'vanished'::text);
CREATE INDEX backup_vanished_idx ON collector.backup USING btree (cluster_id, created_at, created_at_ns) WHERE (vanished_listing_id IS NOT NULL);
CREATE INDEX backup_vanished_proof_idx ON collector.backup USING btree (cluster_id, vanished_listing_id) WHERE (vanished_listing_id IS NOT NULL);
CREATE INDEX cluster_change_cluster_idx ON collector.cluster_change USING btree (cluster_id, change_id);
CREATE INDEX discovered_cluster_source_idx ON collector.discovered_cluster USING btree (source);
CREATE INDEX discovery_source_idx ON collector.discovery USING btree (source, discovery_id);
CREATE INDEX index_set_names_idx ON collector.index_set USING gin (names);
CREATE INDEX listing_in_time_idx ON collector.listing USING btree (cluster_id, started_at, outcome);
CREATE INDEX listing_sweep_idx ON collector.listing USING brin (sweep_id) WITH (autosummarize='on');
CREATE INDEX sweep_running_idx ON collector.sweep USING btree (deadline_at) WHERE (outcome = 'running'::text);
CREATE STATISTICS collector.backup_state ON (CASE WHEN vanished_listing_id IS NOT NULL THEN 'vanished'::text WHEN missing_listing_id IS NOT NULL THEN 'missing'::text ELSE 'live'::text END) FROM collector.backup;
CREATE TRIGGER backup_deleted_by_hand BEFORE DELETE ON collector.backup FOR EACH ROW WHEN ((old.vanished_listing_id IS NULL)) EXECUTE FUNCTION collector.forget_edited_backup();
CREATE TRIGGER backup_edited_by_hand BEFORE UPDATE ON collector.backup FOR EACH ROW WHEN (((old.fingerprint = new.fingerprint) AND (((((((((((((((((((((((((((old.backup_id IS DISTINCT FROM new.backup_id) OR (old.folder_id IS DISTINCT FROM new.folder_id)) OR (old.source_cluster_id IS DISTINCT FROM new.source_cluster_id)) OR (old.started_at IS DISTINCT FROM new.started_at)) OR (old.started_at_ns IS DISTINCT FROM new.started_at_ns)) OR (old.created_at IS DISTINCT FROM new.created_at)) OR (old.created_at_ns IS DISTINCT FROM new.created_at_ns)) OR (old.index_set_id IS DISTINCT FROM new.index_set_id)) OR (old.opensearch_version IS DISTINCT FROM new.opensearch_version)) OR (old.size_bytes IS DISTINCT FROM new.size_bytes)) OR (old.indices_total IS DISTINCT FROM new.indices_total)) OR (old.incremental_size_bytes IS DISTINCT FROM new.incremental_size_bytes)) OR (old.total_size_bytes IS DISTINCT FROM new.total_size_bytes)) OR (old.free_space_required_bytes IS DISTINCT FROM new.free_space_required_bytes)) OR (old.extra IS DISTINCT FROM new.extra)) OR (old.type IS DISTINCT FROM new.type)) OR (old.method IS DISTINCT FROM new.method)) OR (old.status IS DISTINCT FROM new.status)) OR (old.journal_size_bytes IS DISTINCT FROM new.journal_size_bytes)) OR (old.shared_size_bytes IS DISTINCT FROM new.shared_size_bytes)) OR (old.source_shard_names IS DISTINCT FROM new.source_shard_names)) OR (old.databases IS DISTINCT FROM new.databases)) OR (old.retention_policy_id IS DISTINCT FROM new.retention_policy_id)) OR (old.retention_policy_name IS DISTINCT FROM new.retention_policy_name)) OR (old.retain_until IS DISTINCT FROM new.retain_until)) OR (old.retain_until_ns IS DISTINCT FROM new.retain_until_ns)) OR (old.elasticsearch_version IS DISTINCT FROM new.elasticsearch_version)))) EXECUTE FUNCTION collector.forget_edited_backup();
CREATE TRIGGER backup_truncated_by_hand BEFORE TRUNCATE ON collector.backup FOR EACH STATEMENT EXECUTE FUNCTION collector.forget_edited_backup();
ALTER TABLE ONLY collector.backup
    ADD CONSTRAINT backup_is_missing_by_proof_of_a_complete_listing FOREIGN KEY (cluster_id, missing_listing_id, proof) REFERENCES collector.listing(cluster_id, listing_id, outcome);
ALTER TABLE ONLY collector.backup
    ADD CONSTRAINT backup_vanished_by_proof_of_a_complete_listing FOREIGN KEY (cluster_id, vanished_listing_id, proof) REFERENCES collector.listing(cluster_id, listing_id, outcome);
ALTER TABLE ONLY collector.discovered_cluster
    ADD CONSTRAINT discovered_cluster_source_fkey FOREIGN KEY (source) REFERENCES collector.discovery_source(source);
ALTER TABLE ONLY collector.discovery
    ADD CONSTRAINT discovery_source_fkey FOREIGN KEY (source) REFERENCES collector.discovery_source(source);
ALTER TABLE ONLY collector.listing
    ADD CONSTRAINT listing_cluster_id_fkey FOREIGN KEY (cluster_id) REFERENCES collector.cluster(cluster_id);
ALTER TABLE ONLY collector.listing
    ADD CONSTRAINT listing_sweep_id_fkey FOREIGN KEY (sweep_id) REFERENCES collector.sweep(sweep_id);
ALTER TABLE ONLY collector.quarantine
    ADD CONSTRAINT quarantine_cluster_id_fkey FOREIGN KEY (cluster_id) REFERENCES collector.cluster(cluster_id);
