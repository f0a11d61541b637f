-- 0008: functions that remove what is past its age, and nothing else.
--
-- Why: the ledger grows with every sweep. The role that sweeps may not delete; it may be allowed to call these.
-- Locks: none that block writes, everything is new.
--
-- What a cluster's history says begins with one complete listing, its `pruned_until`; the views take all before that
-- for unknown. What is removed lies before it and is not needed to say what came after: whoever calls these functions,
-- with whatever ages.

-- migrate:up
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

COMMENT ON FUNCTION collector.check_retention IS 'Refuses ages that would remove what is new, or vanished backups from a history that is kept.';

CREATE FUNCTION collector.prune_point(cluster text, ledger interval) RETURNS timestamptz
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

COMMENT ON FUNCTION collector.prune_point IS 'Where the known history of a cluster would begin: its oldest complete listing within that age, else its newest one. NULL: nothing is older.';

CREATE FUNCTION collector.prunable_backups(cluster text, ledger interval, vanished interval) RETURNS SETOF text
LANGUAGE sql STABLE
AS $$
-- MATERIALIZED: each is asked once, and not for every row.
WITH point AS MATERIALIZED (
    SELECT collector.prune_point(cluster, ledger) AS at
),

-- The newest of before stays: a gap that reaches into the known history begins with it.
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

COMMENT ON FUNCTION collector.prunable_backups IS 'Vanished backups of a cluster that its known history does not need: they had vanished when it begins.';

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

COMMENT ON FUNCTION collector.prunable_listings IS 'Listings of a cluster from before its known history, but its newest ones (of all, of those merged, of the complete) and those that prove the absence of a backup that stays.';

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

COMMENT ON FUNCTION collector.prunable_sweeps IS 'Sweeps past that age, but the newest of each outcome. Whether a listing still belongs to one is for the caller to ask.';

CREATE FUNCTION collector.prunable_discoveries(ledger interval)
RETURNS TABLE (discovery_id bigint, source text)
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

COMMENT ON FUNCTION collector.prunable_discoveries IS 'Discoveries past that age, but the newest of each source and outcome.';

CREATE FUNCTION collector.prunable_quarantine(cluster text, ledger interval) RETURNS SETOF bigint
LANGUAGE sql STABLE
AS $$
SELECT q.quarantine_id
FROM collector.quarantine AS q
INNER JOIN collector.cluster AS c ON c.cluster_id = q.cluster_id
WHERE q.cluster_id = cluster AND q.last_seen_at < now() - ledger AND q.last_listing_id <> c.last_listing_id
$$;

COMMENT ON FUNCTION collector.prunable_quarantine IS 'Unreadable records of a cluster that were last seen before that age, and are not in its newest listing.';

CREATE FUNCTION collector.prune_cluster(
    cluster text,
    ledger interval,
    vanished interval,
    batch integer,
    OUT backups bigint,
    OUT changes bigint,
    OUT listings bigint,
    OUT quarantined bigint
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
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

COMMENT ON FUNCTION collector.prune_cluster IS 'Removes what is past its age of one cluster, at most so many rows of each kind, and says how many. NULL keeps. Call it until it removes less.';

CREATE FUNCTION collector.prune_sweeps(ledger interval, batch integer, OUT sweeps bigint, OUT discoveries bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
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

COMMENT ON FUNCTION collector.prune_sweeps IS 'Removes sweeps that no listing belongs to, and discoveries, past that age, at most so many of each, and says how many. NULL keeps. Call it until it removes less.';

CREATE FUNCTION collector.forecast_pruning(
    ledger interval,
    vanished interval,
    OUT backups bigint,
    OUT changes bigint,
    OUT listings bigint,
    OUT quarantined bigint,
    OUT sweeps bigint,
    OUT discoveries bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
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

COMMENT ON FUNCTION collector.forecast_pruning IS 'How many rows these ages would remove of all clusters. Removes nothing.';

REVOKE EXECUTE ON FUNCTION
    collector.check_retention, collector.prune_point, collector.prunable_backups, collector.prunable_listings,
    collector.prunable_sweeps, collector.prunable_discoveries, collector.prunable_quarantine, collector.prune_cluster,
    collector.prune_sweeps, collector.forecast_pruning
FROM PUBLIC;

-- migrate:down
DROP FUNCTION collector.forecast_pruning, collector.prune_sweeps, collector.prune_cluster, collector.prunable_quarantine, collector.prunable_discoveries, collector.prunable_sweeps, collector.prunable_listings, collector.prunable_backups, collector.prune_point, collector.check_retention;
