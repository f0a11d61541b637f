-- 0004: views that judge the stored history, and never more than it proves.
--
-- Why: gaps, attainment, storage, indices, changes and the state at an instant were everybody's own query before.
-- Locks: none that block writes; one table is new, the rest are views.
--
-- Three rules hold in all of them. A hole in our looking is no hole in their backups, nor the reverse. A backup that a
-- complete listing holds existed from its completion until then. A backup dated more than an hour ahead of the
-- database's clock, without a date, or not finished, is not the newest of anything.

-- migrate:up
CREATE TABLE collector.engine_version (
    service text NOT NULL,
    version_prefix text NOT NULL,
    supported_until date NOT NULL,
    source text NOT NULL,
    PRIMARY KEY (service, version_prefix),
    CONSTRAINT engine_version_prefix_is_not_empty CHECK (version_prefix <> '')
);

COMMENT ON TABLE collector.engine_version IS 'Until when the provider restores backups of a version. Filled by hand, empty at first: the API does not say it.';
COMMENT ON COLUMN collector.engine_version.version_prefix IS 'Whole parts of a version: 2.1 covers 2.1 and 2.1.5, not 2.12. The longest that fits counts.';
COMMENT ON COLUMN collector.engine_version.supported_until IS 'The last day on which a backup of it can be restored; infinity: no end is announced.';
COMMENT ON COLUMN collector.engine_version.source IS 'Where that is written, and when it was read.';

CREATE VIEW inventory.collection_holes AS
SELECT
    c.service,
    c.cluster_id,
    c.name AS cluster_name,
    c.labels,
    h.hole_started_at,
    h.hole_ended_at,
    h.hole_ended_at - h.hole_started_at AS hole_duration,
    h.blind_until,
    c.observation_max_age
FROM collector.cluster AS c
CROSS JOIN LATERAL (
    SELECT
        o.hole_started_at,
        o.hole_ended_at,
        CASE
            -- What was removed lived until the first listing that stayed, at the longest.
            WHEN o.hole_started_at IS NULL THEN greatest(o.hole_ended_at - o.lifetime, c.pruned_until)
            WHEN o.hole_ended_at - o.lifetime > o.hole_started_at THEN o.hole_ended_at - o.lifetime
        END AS blind_until
    FROM (
        SELECT
            lag(l.started_at) OVER (ORDER BY l.started_at) AS hole_started_at,
            l.started_at AS hole_ended_at,
            greatest(c.observation_max_age, c.retention) AS lifetime
        FROM collector.listing AS l
        WHERE
            l.cluster_id = c.cluster_id
            AND l.outcome = 'complete'
            AND l.started_at >= coalesce(c.pruned_until, '-infinity')
    ) AS o
    WHERE o.hole_started_at IS NULL OR o.hole_ended_at - o.hole_started_at > c.observation_max_age
    UNION ALL
    SELECT
        c.observed_at AS hole_started_at,
        NULL AS hole_ended_at,
        NULL AS blind_until
    WHERE c.managed AND (c.observed_at IS NULL OR now() - c.observed_at > c.observation_max_age)
) AS h;

COMMENT ON VIEW inventory.collection_holes IS 'When we did not look: stretches without a complete listing that are longer than observation_max_age, and the time before the first one that was not pruned.';
COMMENT ON COLUMN inventory.collection_holes.service IS 'Which managed database, by its word in the configuration: opensearch, postgresql, …';
COMMENT ON COLUMN inventory.collection_holes.cluster_id IS 'The cluster''s id.';
COMMENT ON COLUMN inventory.collection_holes.cluster_name IS 'The cluster''s name in the configuration; NULL: none.';
COMMENT ON COLUMN inventory.collection_holes.labels IS 'The cluster''s labels in the configuration.';
COMMENT ON COLUMN inventory.collection_holes.hole_started_at IS 'The complete listing before the hole; NULL: there was none yet.';
COMMENT ON COLUMN inventory.collection_holes.hole_ended_at IS 'The complete listing that ended it; NULL: the hole is still open.';
COMMENT ON COLUMN inventory.collection_holes.hole_duration IS 'hole_ended_at - hole_started_at.';
COMMENT ON COLUMN inventory.collection_holes.blind_until IS 'A backup made between hole_started_at and this instant may be gone unseen: it is hole_ended_at less the longer of observation_max_age and the cluster''s retention, and not before the cluster''s pruned_until. NULL: none can, or the hole is still open.';
COMMENT ON COLUMN inventory.collection_holes.observation_max_age IS 'How far apart two complete listings may be before it counts as a hole.';

CREATE VIEW inventory.gaps AS
SELECT
    c.service,
    c.cluster_id,
    c.name AS cluster_name,
    c.labels,
    s.created_at AS gap_started_at,
    s.next_created_at AS gap_ended_at,
    coalesce(s.next_created_at, c.observed_at) - s.created_at AS gap_duration,
    c.max_age,
    s.backup_id AS before_backup_id,
    s.next_backup_id AS after_backup_id,
    blind.stretches IS NOT NULL AS collection_hole,
    coalesce(proven.duration, INTERVAL '0') AS proven_duration,
    coalesce(proven.duration > c.max_age, false) AS proven
FROM collector.cluster AS c
CROSS JOIN LATERAL (
    SELECT
        b.backup_id,
        b.created_at,
        lead(b.backup_id) OVER in_time AS next_backup_id,
        lead(b.created_at) OVER in_time AS next_created_at
    FROM collector.backup AS b
    WHERE
        b.cluster_id = c.cluster_id
        AND b.created_at <= now() + INTERVAL '1 hour'
        AND inventory.is_finished(b.status)
    WINDOW in_time AS (ORDER BY b.created_at, b.created_at_ns, b.backup_id)
) AS s
-- Of the ledger only the listings of the span, and one on either side of it. What the left one ends lies before the span.
LEFT JOIN LATERAL (
    SELECT range_agg(o.blind) FILTER (WHERE NOT isempty(o.blind)) AS stretches
    FROM (
        SELECT
            tstzrange(l.previous_at, greatest(l.previous_at, l.started_at - l.lifetime), '()')
            * tstzrange(s.created_at, coalesce(s.next_created_at, c.observed_at), '()') AS blind
        FROM (
            SELECT
                z.started_at,
                coalesce(lag(z.started_at) OVER (ORDER BY z.started_at), '-infinity') AS previous_at,
                greatest(c.observation_max_age, c.retention) AS lifetime
            FROM (
                -- What was made since the newest complete listing is proven by none.
                SELECT 'infinity'::timestamptz AS started_at
                UNION ALL
                SELECT x.started_at
                FROM collector.listing AS x
                WHERE
                    x.cluster_id = c.cluster_id
                    AND x.outcome = 'complete'
                    AND x.started_at >= coalesce((
                        SELECT y.started_at
                        FROM collector.listing AS y
                        WHERE y.cluster_id = c.cluster_id AND y.outcome = 'complete' AND y.started_at <= s.created_at
                        ORDER BY y.started_at DESC
                        LIMIT 1
                    ), '-infinity')
                    AND x.started_at <= coalesce((
                        SELECT y.started_at
                        FROM collector.listing AS y
                        WHERE y.cluster_id = c.cluster_id AND y.outcome = 'complete' AND y.started_at >= s.next_created_at
                        ORDER BY y.started_at
                        LIMIT 1
                    ), 'infinity')
            ) AS z
        ) AS l
        UNION ALL
        SELECT
            tstzrange('-infinity', coalesce(c.pruned_until, '-infinity'))
            * tstzrange(s.created_at, coalesce(s.next_created_at, c.observed_at), '()')
    ) AS o
) AS blind ON true
LEFT JOIN LATERAL (
    SELECT max(upper(p.piece) - lower(p.piece)) AS duration
    FROM unnest(
        tstzmultirange(tstzrange(s.created_at, coalesce(s.next_created_at, c.observed_at), '()'))
        - coalesce(blind.stretches, '{}')
    ) AS p (piece)
) AS proven ON true
WHERE coalesce(s.next_created_at, c.observed_at) - s.created_at > c.max_age;

COMMENT ON VIEW inventory.gaps IS 'Spans longer than max_age between successive backups of a cluster, over all that is stored, and the span from its newest backup to its newest complete listing. Time in which the cluster was stopped counts too. A cluster that never had a backup has none: see freshness and attainment.';
COMMENT ON COLUMN inventory.gaps.service IS 'Which managed database, by its word in the configuration: opensearch, postgresql, …';
COMMENT ON COLUMN inventory.gaps.cluster_id IS 'The cluster''s id.';
COMMENT ON COLUMN inventory.gaps.cluster_name IS 'The cluster''s name in the configuration; NULL: none.';
COMMENT ON COLUMN inventory.gaps.labels IS 'The cluster''s labels in the configuration.';
COMMENT ON COLUMN inventory.gaps.gap_started_at IS 'When the backup before it was completed.';
COMMENT ON COLUMN inventory.gaps.gap_ended_at IS 'When the next backup was completed; NULL: still open, as of the newest complete listing.';
COMMENT ON COLUMN inventory.gaps.gap_duration IS 'Its length; of an open one until the newest complete listing, never until now.';
COMMENT ON COLUMN inventory.gaps.max_age IS 'How old the newest backup may be. Today''s value, also for gaps of the past.';
COMMENT ON COLUMN inventory.gaps.before_backup_id IS 'The backup before it, in any state.';
COMMENT ON COLUMN inventory.gaps.after_backup_id IS 'The backup after it, in any state; NULL: none yet.';
COMMENT ON COLUMN inventory.gaps.collection_hole IS 'True where a backup may have come in the span and gone before we looked: it overlaps a blind stretch of collection_holes, or time that was pruned.';
COMMENT ON COLUMN inventory.gaps.proven_duration IS 'The longest part of the span without a blind stretch: no backup was made in it, as far as a backup lives at least as long as blind_until assumes.';
COMMENT ON COLUMN inventory.gaps.proven IS 'True where proven_duration is longer than max_age: the gap is theirs, whatever we did not see.';

CREATE VIEW inventory.attainment AS
SELECT
    c.service,
    c.cluster_id,
    c.name AS cluster_name,
    c.labels,
    w.window_days,
    share.attained,
    share.missed,
    1 - share.attained - share.missed AS unknown,
    CASE
        WHEN length_of.missed = 0 AND length_of.attained = 0 THEN NULL
        ELSE round(length_of.attained / (length_of.attained + length_of.missed), 9)
    END AS attained_of_known,
    length_of.longest_missed,
    known.first_at AS known_since,
    c.observed_at,
    c.max_age,
    c.managed
FROM collector.cluster AS c
LEFT JOIN LATERAL (
    SELECT l.started_at AS first_at
    FROM collector.listing AS l
    WHERE
        l.cluster_id = c.cluster_id
        AND l.outcome = 'complete'
        AND l.started_at >= coalesce(c.pruned_until, '-infinity')
    ORDER BY l.started_at
    LIMIT 1
) AS known ON true
-- Proven: a backup existed from its completion until it was last seen.
CROSS JOIN LATERAL (
    SELECT
        coalesce(range_agg(tstzrange(s.created_at, least(s.created_at + c.max_age, s.seen_at))), '{}') AS attained,
        -- Between last seen and first missed it may have been there or not.
        coalesce(
            range_agg(
                tstzrange(s.seen_at, least(s.created_at + c.max_age, s.missing_since))
            ) FILTER (WHERE s.missing_since > s.seen_at AND s.created_at + c.max_age > s.seen_at),
            '{}'
        ) AS doubtful
    FROM (
        SELECT
            b.created_at,
            b.missing_since,
            coalesce(b.last_seen_at, greatest(b.first_seen_at, c.observed_at)) AS seen_at
        FROM collector.backup AS b
        WHERE
            b.cluster_id = c.cluster_id
            AND b.created_at > now() - INTERVAL '8760 hours' - c.max_age
            AND b.created_at <= now()
            AND inventory.is_finished(b.status)
    ) AS s
    WHERE s.seen_at >= s.created_at
) AS backups
-- A backup that came and went unseen within a hole was young until max_age after the blind stretch at the latest.
CROSS JOIN LATERAL (
    SELECT
        coalesce(
            range_agg(
                tstzrange(h.hole_started_at, least(h.hole_ended_at, h.blind_until + c.max_age))
            ) FILTER (WHERE h.blind_until IS NOT NULL),
            '{}'
        )
        + tstzmultirange(tstzrange(c.observed_at, NULL))
        -- Before the first look nobody knows whether there was a cluster at all.
        + tstzmultirange(tstzrange(NULL, known.first_at)) AS stretches
    FROM inventory.collection_holes AS h
    WHERE h.cluster_id = c.cluster_id
) AS unseen
CROSS JOIN (VALUES (30), (90), (365)) AS w (window_days)
-- Of the time that was pruned, only what is left could be counted for attained: a share that flatters.
CROSS JOIN LATERAL (
    SELECT
        tstzmultirange(tstzrange(now() - make_interval(hours => 24 * w.window_days), now()))
        - tstzmultirange(tstzrange('-infinity', coalesce(c.pruned_until, '-infinity'))) AS whole
) AS asked
CROSS JOIN LATERAL (
    SELECT
        asked.whole * backups.attained AS attained,
        asked.whole - backups.attained - backups.doubtful - unseen.stretches AS missed
) AS part
CROSS JOIN LATERAL (
    SELECT
        (SELECT coalesce(sum(extract(EPOCH FROM upper(r.x) - lower(r.x))), 0) FROM unnest(part.attained) AS r (x)) AS attained,
        (SELECT coalesce(sum(extract(EPOCH FROM upper(r.x) - lower(r.x))), 0) FROM unnest(part.missed) AS r (x)) AS missed,
        (SELECT max(upper(r.x) - lower(r.x)) FROM unnest(part.missed) AS r (x)) AS longest_missed,
        86400.0 * w.window_days AS whole
) AS length_of
-- The shares are cut at nine digits. What that leaves is unknown, or else missed: it never counts as attained.
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN length_of.attained = length_of.whole THEN 1
            ELSE trunc(length_of.attained / length_of.whole, 9)
        END AS attained
) AS sure
CROSS JOIN LATERAL (
    SELECT
        sure.attained,
        CASE
            WHEN length_of.attained + length_of.missed = length_of.whole THEN 1 - sure.attained
            ELSE trunc(length_of.missed / length_of.whole, 9)
        END AS missed
) AS share;

COMMENT ON VIEW inventory.attainment IS 'Shares of time in which the newest backup was within max_age, over the last 30, 90 and 365 days. attained + missed + unknown = 1, exactly. Time in which the cluster was stopped counts too.';
COMMENT ON COLUMN inventory.attainment.service IS 'Which managed database, by its word in the configuration: opensearch, postgresql, …';
COMMENT ON COLUMN inventory.attainment.cluster_id IS 'The cluster''s id.';
COMMENT ON COLUMN inventory.attainment.cluster_name IS 'The cluster''s name in the configuration; NULL: none.';
COMMENT ON COLUMN inventory.attainment.labels IS 'The cluster''s labels in the configuration.';
COMMENT ON COLUMN inventory.attainment.window_days IS '30, 90 or 365: days of 24 hours that end now.';
COMMENT ON COLUMN inventory.attainment.attained IS 'Share of time in which a backup not older than max_age existed: a stored one that was seen then or later.';
COMMENT ON COLUMN inventory.attainment.missed IS 'Share of time in which we looked and there was none.';
COMMENT ON COLUMN inventory.attainment.unknown IS 'Share of time for which neither can be said: time that was pruned, before the first complete listing, in holes of the collection, since the newest complete listing, and between a backup''s last sight and the listing without it.';
COMMENT ON COLUMN inventory.attainment.attained_of_known IS 'attained / (attained + missed): the share to report beside unknown. NULL: nothing is known.';
COMMENT ON COLUMN inventory.attainment.longest_missed IS 'The longest stretch of missed; NULL: none was.';
COMMENT ON COLUMN inventory.attainment.known_since IS 'Start of the first complete listing that was not pruned; before it time is attained or unknown, never missed, and where there was pruned, unknown. NULL: never seen complete.';
COMMENT ON COLUMN inventory.attainment.observed_at IS 'Start of the newest complete listing; all time since is unknown.';
COMMENT ON COLUMN inventory.attainment.max_age IS 'How old the newest backup may be. Today''s value, for the whole window.';
COMMENT ON COLUMN inventory.attainment.managed IS 'False once the cluster was taken out of the configuration.';

CREATE VIEW inventory.storage_daily AS
SELECT
    c.service,
    c.cluster_id,
    c.name AS cluster_name,
    c.labels,
    d.day,
    d.billable_bytes,
    d.restorable_bytes,
    d.backups,
    d.backups_without_size,
    EXISTS (
        SELECT
        FROM collector.listing AS l
        WHERE
            l.cluster_id = c.cluster_id
            AND l.outcome = 'complete'
            AND l.started_at >= d.day::timestamp AT TIME ZONE 'UTC'
            AND l.started_at < (d.day + 1)::timestamp AT TIME ZONE 'UTC'
    ) AS known
FROM collector.cluster AS c
CROSS JOIN LATERAL (
    SELECT
        (l.started_at AT TIME ZONE 'UTC')::date AS first_day,
        (CASE WHEN c.managed THEN now() ELSE c.observed_at END AT TIME ZONE 'UTC')::date AS last_day
    FROM collector.listing AS l
    WHERE
        l.cluster_id = c.cluster_id
        AND l.outcome = 'complete'
        AND l.started_at >= coalesce(c.pruned_until, '-infinity')
    ORDER BY l.started_at
    LIMIT 1
) AS span
CROSS JOIN LATERAL (
    -- A backup is there at the end of every day from first_day on, and of none from gone_day on.
    WITH dated AS (
        SELECT
            b.backup_id,
            b.created_at,
            b.created_at_ns,
            b.status,
            coalesce(b.incremental_size_bytes, b.size_bytes) AS billable_bytes,
            coalesce(b.total_size_bytes, b.size_bytes) AS restorable_bytes,
            greatest((least(b.created_at, b.first_seen_at) AT TIME ZONE 'UTC')::date, span.first_day) AS first_day,
            (b.missing_since AT TIME ZONE 'UTC')::date AS gone_day
        FROM collector.backup AS b
        WHERE b.cluster_id = c.cluster_id
    ),

    stay AS (
        SELECT *
        FROM dated
        WHERE gone_day IS NULL OR gone_day > first_day
    ),

    changed AS (
        SELECT
            e.day,
            sum(e.backups) AS backups,
            sum(e.billable_bytes) AS billable_bytes,
            sum(e.backups_without_size) AS backups_without_size
        FROM (
            SELECT
                stay.first_day AS day,
                count(*) AS backups,
                sum(stay.billable_bytes) AS billable_bytes,
                count(*) - count(stay.billable_bytes) AS backups_without_size
            FROM stay
            GROUP BY stay.first_day
            UNION ALL
            SELECT
                stay.gone_day AS day,
                -count(*) AS backups,
                -sum(stay.billable_bytes) AS billable_bytes,
                count(stay.billable_bytes) - count(*) AS backups_without_size
            FROM stay
            WHERE stay.gone_day IS NOT NULL
            GROUP BY stay.gone_day
        ) AS e
        GROUP BY e.day
    ),

    -- Only until the next one came is a backup the newest, unless that one left first.
    candidate AS (
        SELECT
            n.backup_id,
            n.created_at,
            n.created_at_ns,
            n.restorable_bytes,
            n.first_day,
            least(
                span.last_day,
                n.gone_day - 1,
                CASE WHEN coalesce(n.next_gone_day, 'infinity') >= coalesce(n.gone_day, 'infinity') THEN n.next_day - 1 END
            ) AS final_day
        FROM (
            SELECT
                stay.*,
                lead(stay.first_day) OVER in_time AS next_day,
                lead(stay.gone_day) OVER in_time AS next_gone_day
            FROM stay
            WHERE stay.created_at <= now() + INTERVAL '1 hour' AND inventory.is_finished(stay.status)
            WINDOW in_time AS (ORDER BY stay.created_at, stay.created_at_ns, stay.backup_id)
        ) AS n
    ),

    newest AS (
        SELECT DISTINCT ON (n.day)
            n.day,
            candidate.restorable_bytes
        FROM candidate
        CROSS JOIN LATERAL (
            SELECT candidate.first_day + g.number AS day
            FROM generate_series(0, candidate.final_day - candidate.first_day) AS g (number)
        ) AS n
        ORDER BY n.day, candidate.created_at DESC, candidate.created_at_ns DESC, candidate.backup_id DESC
    )

    SELECT
        s.day,
        coalesce(sum(changed.billable_bytes) OVER (ORDER BY s.day), 0) AS billable_bytes,
        newest.restorable_bytes,
        coalesce(sum(changed.backups) OVER (ORDER BY s.day), 0)::bigint AS backups,
        coalesce(sum(changed.backups_without_size) OVER (ORDER BY s.day), 0)::bigint AS backups_without_size
    FROM (
        SELECT span.first_day + g.number AS day
        FROM generate_series(0, span.last_day - span.first_day) AS g (number)
    ) AS s
    LEFT JOIN changed ON changed.day = s.day
    LEFT JOIN newest ON newest.day = s.day
) AS d;

COMMENT ON VIEW inventory.storage_daily IS 'What the backups of a cluster took at the end of each UTC day (of today: now), from the day of its first complete listing that was not pruned; of a cluster that left the configuration until its last one.';
COMMENT ON COLUMN inventory.storage_daily.service IS 'Which managed database, by its word in the configuration: opensearch, postgresql, …';
COMMENT ON COLUMN inventory.storage_daily.cluster_id IS 'The cluster''s id.';
COMMENT ON COLUMN inventory.storage_daily.cluster_name IS 'The cluster''s name in the configuration; NULL: none.';
COMMENT ON COLUMN inventory.storage_daily.labels IS 'The cluster''s labels in the configuration.';
COMMENT ON COLUMN inventory.storage_daily.day IS 'The day, in UTC.';
COMMENT ON COLUMN inventory.storage_daily.billable_bytes IS 'Sum over the backups that were there at the day''s end: incremental_size_bytes, or size_bytes where the API gives no incremental one. A lower bound where backups_without_size is not 0.';
COMMENT ON COLUMN inventory.storage_daily.restorable_bytes IS 'What the newest of them restores: its total_size_bytes, or size_bytes where the API gives no total. NULL: no backup, or no size.';
COMMENT ON COLUMN inventory.storage_daily.backups IS 'How many were there: completed (or seen) by then, and not yet absent from a complete listing.';
COMMENT ON COLUMN inventory.storage_daily.backups_without_size IS 'Of these, how many have no size to add.';
COMMENT ON COLUMN inventory.storage_daily.known IS 'True if a complete listing began on that day. Else nobody looked: the numbers are those of the stored backups, and may be wrong both ways.';

CREATE VIEW inventory.index_backups AS
SELECT
    c.service,
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
FROM collector.cluster AS c
CROSS JOIN LATERAL (
    -- Names repeat from backup to backup: of each list of names, and count beside it, the newest holder is enough.
    WITH holder AS (
        SELECT DISTINCT ON (b.index_set_id, b.indices_total)
            b.index_set_id,
            b.indices_total,
            b.backup_id,
            b.created_at,
            b.created_at_ns,
            b.opensearch_version
        FROM collector.backup AS b
        WHERE
            b.cluster_id = c.cluster_id
            AND b.vanished_listing_id IS NULL
            AND b.missing_listing_id IS NULL
            AND b.created_at <= now() + INTERVAL '1 hour'
        ORDER BY b.index_set_id, b.indices_total, b.created_at DESC, b.created_at_ns DESC, b.backup_id DESC
    ),

    named AS (
        SELECT
            holder.*,
            coalesce(s.names, '{}') AS names,
            coalesce(holder.indices_total, 0) <> coalesce(cardinality(s.names), 0) AS indices_truncated
        FROM holder
        LEFT JOIN collector.index_set AS s ON s.index_set_id = holder.index_set_id
    )

    SELECT DISTINCT ON (n.index_name)
        n.index_name,
        named.backup_id,
        named.created_at,
        named.created_at_ns,
        named.opensearch_version,
        named.indices_total,
        named.indices_truncated,
        EXISTS (
            SELECT
            FROM named AS newer
            WHERE
                newer.indices_truncated
                AND (newer.created_at, newer.created_at_ns) > (named.created_at, named.created_at_ns)
        ) AS listed_only
    FROM named
    CROSS JOIN LATERAL unnest(named.names) AS n (index_name)
    ORDER BY n.index_name, named.created_at DESC, named.created_at_ns DESC, named.backup_id DESC
) AS f;

COMMENT ON VIEW inventory.index_backups IS 'For each cluster and index name the newest live backup whose list names it.';
COMMENT ON COLUMN inventory.index_backups.service IS 'Which managed database, by its word in the configuration: opensearch, postgresql, …';
COMMENT ON COLUMN inventory.index_backups.cluster_id IS 'The cluster''s id.';
COMMENT ON COLUMN inventory.index_backups.cluster_name IS 'The cluster''s name in the configuration; NULL: none.';
COMMENT ON COLUMN inventory.index_backups.labels IS 'The cluster''s labels in the configuration.';
COMMENT ON COLUMN inventory.index_backups.index_name IS 'Name of the index.';
COMMENT ON COLUMN inventory.index_backups.backup_id IS 'The newest live backup that names it.';
COMMENT ON COLUMN inventory.index_backups.created_at IS 'When that backup was completed, floored to the microsecond.';
COMMENT ON COLUMN inventory.index_backups.created_at_ns IS 'Nanoseconds (0-999) beyond created_at.';
COMMENT ON COLUMN inventory.index_backups.opensearch_version IS 'The version that made it.';
COMMENT ON COLUMN inventory.index_backups.indices_total IS 'Number of indices in it, as the API counts them.';
COMMENT ON COLUMN inventory.index_backups.indices_truncated IS 'True where it may hold more indices than it names: its count is another, or it has none.';
COMMENT ON COLUMN inventory.index_backups.listed_only IS 'True where a newer live backup may name only some of its indices: it may hold this one as well, and nobody can tell.';
COMMENT ON COLUMN inventory.index_backups.observed_at IS 'Start of the newest complete listing: live means live then.';

CREATE VIEW inventory.dropped_indices AS
-- NOT MATERIALIZED: else a question about one cluster would look at all of them.
WITH recent AS NOT MATERIALIZED (
    SELECT
        k.cluster_id,
        two.*
    FROM collector.cluster AS k
    CROSS JOIN LATERAL (
        SELECT
            b.backup_id,
            b.created_at,
            b.created_at_ns,
            b.indices_total,
            coalesce(s.names, '{}') AS names,
            row_number() OVER (ORDER BY b.created_at DESC, b.created_at_ns DESC, b.backup_id DESC) AS place
        FROM collector.backup AS b
        LEFT JOIN collector.index_set AS s ON s.index_set_id = b.index_set_id
        WHERE
            b.cluster_id = k.cluster_id
            AND b.vanished_listing_id IS NULL
            AND b.missing_listing_id IS NULL
            AND b.created_at <= now() + INTERVAL '1 hour'
        ORDER BY b.created_at DESC, b.created_at_ns DESC, b.backup_id DESC
        LIMIT 2
    ) AS two
)

SELECT
    c.service,
    c.cluster_id,
    c.name AS cluster_name,
    c.labels,
    gone.index_name,
    -- The API leaves out a count of 0. Beside names, no count says nothing.
    CASE
        WHEN coalesce(newest.indices_total, 0) <> cardinality(newest.names) THEN 'cannot tell'
        ELSE 'dropped'
    END AS verdict,
    newest.backup_id AS newest_backup_id,
    newest.created_at AS newest_created_at,
    newest.created_at_ns AS newest_created_at_ns,
    previous.backup_id AS previous_backup_id,
    previous.created_at AS previous_created_at,
    previous.created_at_ns AS previous_created_at_ns,
    coalesce(previous.indices_total, 0) <> cardinality(previous.names) AS previous_truncated
FROM collector.cluster AS c
INNER JOIN recent AS newest ON newest.cluster_id = c.cluster_id AND newest.place = 1
INNER JOIN recent AS previous ON previous.cluster_id = c.cluster_id AND previous.place = 2
CROSS JOIN LATERAL (
    SELECT unnest(previous.names) AS index_name
    EXCEPT
    SELECT unnest(newest.names)
) AS gone;

COMMENT ON VIEW inventory.dropped_indices IS 'Index names in the last but one live backup of a cluster that the newest does not name.';
COMMENT ON COLUMN inventory.dropped_indices.service IS 'Which managed database, by its word in the configuration: opensearch, postgresql, …';
COMMENT ON COLUMN inventory.dropped_indices.cluster_id IS 'The cluster''s id.';
COMMENT ON COLUMN inventory.dropped_indices.cluster_name IS 'The cluster''s name in the configuration; NULL: none.';
COMMENT ON COLUMN inventory.dropped_indices.labels IS 'The cluster''s labels in the configuration.';
COMMENT ON COLUMN inventory.dropped_indices.index_name IS 'Name of the index.';
COMMENT ON COLUMN inventory.dropped_indices.verdict IS 'dropped: the newest backup names all its indices, and this is not one. cannot tell: it names only some, or does not say how many it holds, and may hold this one.';
COMMENT ON COLUMN inventory.dropped_indices.newest_backup_id IS 'The newest live backup, without the name.';
COMMENT ON COLUMN inventory.dropped_indices.newest_created_at IS 'When it was completed, floored to the microsecond.';
COMMENT ON COLUMN inventory.dropped_indices.newest_created_at_ns IS 'Nanoseconds (0-999) beyond newest_created_at.';
COMMENT ON COLUMN inventory.dropped_indices.previous_backup_id IS 'The live backup before it, with the name.';
COMMENT ON COLUMN inventory.dropped_indices.previous_created_at IS 'When that was completed, floored to the microsecond.';
COMMENT ON COLUMN inventory.dropped_indices.previous_created_at_ns IS 'Nanoseconds (0-999) beyond previous_created_at.';
COMMENT ON COLUMN inventory.dropped_indices.previous_truncated IS 'True where that one may name only some of its indices: others may have been dropped without a row here.';

CREATE VIEW inventory.changes AS
SELECT
    h.changed_at,
    h.cluster_id,
    c.service,
    c.name AS cluster_name,
    h.backup_id,
    h.kind,
    CASE
        WHEN h.before ? 'index_set_id' THEN h.before - 'index_set_id' || jsonb_build_object('indices', coalesce((
            SELECT s.names
            FROM collector.index_set AS s
            WHERE s.index_set_id = (h.before ->> 'index_set_id')::uuid
        ), '{}'))
        ELSE h.before
    END AS before,
    CASE
        WHEN h.after ? 'index_set_id' THEN h.after - 'index_set_id' || jsonb_build_object('indices', coalesce((
            SELECT s.names
            FROM collector.index_set AS s
            WHERE s.index_set_id = (h.after ->> 'index_set_id')::uuid
        ), '{}'))
        ELSE h.after
    END AS after,
    h.listing_id
FROM collector.backup_change AS h
INNER JOIN collector.cluster AS c ON c.cluster_id = h.cluster_id
UNION ALL
SELECT
    b.first_seen_at,
    b.cluster_id,
    c.service,
    c.name,
    b.backup_id,
    'appeared',
    NULL,
    NULL,
    (
        SELECT l.listing_id
        FROM collector.listing AS l
        WHERE
            l.cluster_id = b.cluster_id
            AND l.started_at = b.first_seen_at
            AND l.outcome IN ('complete', 'partial', 'held')
        ORDER BY l.listing_id
        LIMIT 1
    )
FROM collector.backup AS b
INNER JOIN collector.cluster AS c ON c.cluster_id = b.cluster_id;

COMMENT ON VIEW inventory.changes IS 'Everything that happened to backups, one row an event.';
COMMENT ON COLUMN inventory.changes.changed_at IS 'Start of the listing that showed it, on the database''s clock.';
COMMENT ON COLUMN inventory.changes.cluster_id IS 'The cluster''s id.';
COMMENT ON COLUMN inventory.changes.service IS 'Which managed database, by its word in the configuration: opensearch, postgresql, …';
COMMENT ON COLUMN inventory.changes.cluster_name IS 'The cluster''s name in the configuration; NULL: none.';
COMMENT ON COLUMN inventory.changes.backup_id IS 'The backup it happened to.';
COMMENT ON COLUMN inventory.changes.kind IS 'appeared: listed for the first time. changed: a value differs. missing: absent from one complete listing. vanished: absent from two in a row. returned: listed again after that.';
COMMENT ON COLUMN inventory.changes.before IS 'Of kind changed: the old values of the fields that differ. Of kind returned: the state it returned from.';
COMMENT ON COLUMN inventory.changes.after IS 'Of kind changed: the new values of the fields that differ.';
COMMENT ON COLUMN inventory.changes.listing_id IS 'The listing that showed it, as in inventory.listings, unless that was pruned. Of an appearance NULL then.';

CREATE VIEW inventory.restorability AS
SELECT
    f.service,
    f.cluster_id,
    f.cluster_name,
    f.labels,
    CASE
        -- Not the verdict on freshness, which has other reasons for being unknown.
        WHEN c.observed_at IS NULL OR now() - c.observed_at > c.observation_max_age THEN 'unknown'
        WHEN newest.backup_id IS NULL THEN 'no'
        WHEN version.supported_until IS NULL THEN 'unknown'
        WHEN version.supported_until < (now() AT TIME ZONE 'UTC')::date THEN 'no'
        ELSE 'yes'
    END AS restorable,
    newest.backup_id,
    newest.created_at,
    newest.created_at_ns,
    newest.opensearch_version,
    version.supported_until >= (now() AT TIME ZONE 'UTC')::date AS version_supported,
    version.supported_until,
    version.source,
    newest.free_space_required_bytes,
    newest.total_size_bytes,
    f.observed_at,
    newest.elasticsearch_version
FROM inventory.freshness AS f
INNER JOIN collector.cluster AS c ON c.cluster_id = f.cluster_id
LEFT JOIN collector.backup AS newest ON newest.cluster_id = f.cluster_id AND newest.backup_id = f.newest_backup_id
LEFT JOIN LATERAL (
    SELECT
        v.supported_until,
        v.source
    FROM collector.engine_version AS v
    WHERE
        v.service = f.service
        AND starts_with(
            coalesce(newest.opensearch_version, newest.elasticsearch_version) || '.', v.version_prefix || '.'
        )
    ORDER BY length(v.version_prefix) DESC
    LIMIT 1
) AS version ON true;

COMMENT ON VIEW inventory.restorability IS 'Can it be restored? The newest live backup of each configured cluster, and what a restore needs. Whether a backup of OpenSearch is automatic or was made by hand cannot be told: the API does not say it.';
COMMENT ON COLUMN inventory.restorability.service IS 'Which managed database, by its word in the configuration: opensearch, postgresql, …';
COMMENT ON COLUMN inventory.restorability.cluster_id IS 'The cluster''s id.';
COMMENT ON COLUMN inventory.restorability.cluster_name IS 'The cluster''s name in the configuration; NULL: none.';
COMMENT ON COLUMN inventory.restorability.labels IS 'The cluster''s labels in the configuration.';
COMMENT ON COLUMN inventory.restorability.restorable IS 'yes: there is a live backup of a version that is supported today. no: there is none, or its version is not. unknown: not seen recently, or nothing is known of the version (collector.engine_version).';
COMMENT ON COLUMN inventory.restorability.backup_id IS 'The newest live backup; NULL: none.';
COMMENT ON COLUMN inventory.restorability.created_at IS 'When it was completed, floored to the microsecond.';
COMMENT ON COLUMN inventory.restorability.created_at_ns IS 'Nanoseconds (0-999) beyond created_at.';
COMMENT ON COLUMN inventory.restorability.opensearch_version IS 'The version that made it, where that was OpenSearch.';
COMMENT ON COLUMN inventory.restorability.version_supported IS 'Whether backups of that version are restored today; NULL: nobody told us.';
COMMENT ON COLUMN inventory.restorability.supported_until IS 'The last day on which they are, by collector.engine_version; infinity: no end is announced.';
COMMENT ON COLUMN inventory.restorability.source IS 'Where that is written.';
COMMENT ON COLUMN inventory.restorability.free_space_required_bytes IS 'Free space that a restore needs, as the API says it; NULL: it did not.';
COMMENT ON COLUMN inventory.restorability.total_size_bytes IS 'Size of all data it restores, as the API says it.';
COMMENT ON COLUMN inventory.restorability.observed_at IS 'Start of the newest complete listing.';
COMMENT ON COLUMN inventory.restorability.elasticsearch_version IS 'The version that made it, where that was Elasticsearch.';

CREATE FUNCTION inventory.backups_at(at timestamptz)
RETURNS TABLE (
    service text,
    cluster_id text,
    cluster_name text,
    backup_id text,
    folder_id text,
    source_cluster_id text,
    state text,
    started_at timestamptz,
    started_at_ns smallint,
    created_at timestamptz,
    created_at_ns smallint,
    started_at_text text,
    created_at_text text,
    duration interval,
    opensearch_version text,
    indices text [],
    indices_total bigint,
    indices_truncated boolean,
    size_bytes bigint,
    incremental_size_bytes bigint,
    total_size_bytes bigint,
    free_space_required_bytes bigint,
    extra jsonb,
    labels jsonb,
    first_seen_at timestamptz,
    last_seen_at timestamptz,
    missing_since timestamptz,
    vanished_at timestamptz,
    vanish_reason text,
    type text,
    method text,
    status text,
    journal_size_bytes bigint,
    shared_size_bytes bigint,
    source_shard_names text [],
    databases text [],
    retention_policy_id text,
    retention_policy_name text,
    retain_until timestamptz,
    retain_until_ns smallint,
    retain_until_text text,
    elasticsearch_version text
)
LANGUAGE sql STABLE PARALLEL SAFE
-- It reads public views only, with the rights of whoever calls it, and is planned as a part of the caller's query.
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
-- Its absences until then. A return is a later listing than the absence it ends.
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
-- The old values of what changed since: of several changes of one field the first one holds what was there then.
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
-- Not left to the BRIN, which knows whole pages only: combined with it, every row of those pages would be read.
WHERE b.first_seen_at + INTERVAL '0' <= at
$$;

COMMENT ON FUNCTION inventory.backups_at IS 'inventory.backups as the listings that began until then left it. No backups of a cluster whose history was pruned until later (pruned_until in inventory.clusters): nobody knows. The cluster''s service, name and labels are today''s.';

-- migrate:down
DROP FUNCTION inventory.backups_at;
DROP VIEW inventory.restorability, inventory.changes, inventory.dropped_indices, inventory.index_backups, inventory.storage_daily, inventory.attainment, inventory.gaps, inventory.collection_holes;
DROP TABLE collector.engine_version;
