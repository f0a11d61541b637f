-- 0002: the public views.
--
-- Why: people and dashboards read schema `inventory`; it stays while the tables change.
-- Locks: none, everything is new.

-- migrate:up
CREATE SCHEMA inventory;

COMMENT ON SCHEMA inventory IS 'The backup inventory for readers: views and functions only, columns are added but never renamed or removed.';

CREATE FUNCTION inventory.rfc3339(at timestamptz, ns smallint) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || lpad(ns::text, 3, '0') || 'Z';

COMMENT ON FUNCTION inventory.rfc3339 IS 'The exact instant as RFC 3339 text with nine fraction digits and Z.';

CREATE FUNCTION inventory.epoch_ns(at timestamptz, ns smallint) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (extract(EPOCH FROM at) * 1000000)::numeric(30, 0) * 1000 + ns;

COMMENT ON FUNCTION inventory.epoch_ns IS 'The exact instant as nanoseconds since 1970-01-01T00:00:00Z. Numeric, because bigint ends in the year 2262.';

CREATE FUNCTION inventory.is_finished(status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(status, '') IN ('', 'DONE', 'BACKUP_STATUS_UNSPECIFIED');

COMMENT ON FUNCTION inventory.is_finished IS 'Whether a backup of this status counts as one: DONE, or no status, which most services do not have. CREATING is not finished, and a word we do not know is not known to be.';

CREATE VIEW inventory.backups AS
SELECT
    c.service,
    b.cluster_id,
    c.name AS cluster_name,
    b.backup_id,
    b.folder_id,
    b.source_cluster_id,
    CASE
        WHEN b.vanished_listing_id IS NOT NULL THEN 'vanished'
        WHEN b.missing_listing_id IS NOT NULL THEN 'missing'
        ELSE 'live'
    END AS state,
    b.started_at,
    b.started_at_ns,
    b.created_at,
    b.created_at_ns,
    inventory.rfc3339(b.started_at, b.started_at_ns) AS started_at_text,
    inventory.rfc3339(b.created_at, b.created_at_ns) AS created_at_text,
    b.created_at - b.started_at AS duration,
    b.opensearch_version,
    -- Looked up row by row: joined, a question about one cluster's years would read the lists of all clusters.
    coalesce((SELECT s.names FROM collector.index_set AS s WHERE s.index_set_id = b.index_set_id), '{}') AS indices,
    b.indices_total,
    b.indices_total > coalesce((
        SELECT cardinality(s.names) FROM collector.index_set AS s WHERE s.index_set_id = b.index_set_id
    ), 0) AS indices_truncated,
    b.size_bytes,
    b.incremental_size_bytes,
    b.total_size_bytes,
    b.free_space_required_bytes,
    b.extra,
    c.labels,
    b.first_seen_at,
    coalesce(b.last_seen_at, greatest(b.first_seen_at, c.observed_at)) AS last_seen_at,
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
FROM collector.backup AS b
INNER JOIN collector.cluster AS c ON c.cluster_id = b.cluster_id;

COMMENT ON VIEW inventory.backups IS 'Every backup ever listed, in every state; most readers add WHERE state = ''live''.';
COMMENT ON COLUMN inventory.backups.service IS 'Which managed database, by its word in the configuration: opensearch, postgresql, …';
COMMENT ON COLUMN inventory.backups.cluster_id IS 'The cluster whose list holds the backup.';
COMMENT ON COLUMN inventory.backups.cluster_name IS 'The cluster''s name in the configuration; NULL: none.';
COMMENT ON COLUMN inventory.backups.backup_id IS 'The API''s id; unique within its cluster.';
COMMENT ON COLUMN inventory.backups.folder_id IS 'The folder that the API names.';
COMMENT ON COLUMN inventory.backups.source_cluster_id IS 'The cluster that was backed up, as the API names it.';
COMMENT ON COLUMN inventory.backups.state IS 'live: listed, and absent from no complete listing since. missing: absent from one complete listing. vanished: absent from two in a row.';
COMMENT ON COLUMN inventory.backups.started_at IS 'When the backup began, floored to the microsecond; started_at_ns has the rest.';
COMMENT ON COLUMN inventory.backups.started_at_ns IS 'Nanoseconds (0-999) beyond started_at.';
COMMENT ON COLUMN inventory.backups.created_at IS 'When the backup was completed (the API''s meaning), floored to the microsecond; created_at_ns has the rest.';
COMMENT ON COLUMN inventory.backups.created_at_ns IS 'Nanoseconds (0-999) beyond created_at. ORDER BY created_at, created_at_ns is exact.';
COMMENT ON COLUMN inventory.backups.started_at_text IS 'The exact start as RFC 3339 with nine fraction digits.';
COMMENT ON COLUMN inventory.backups.created_at_text IS 'The exact completion as RFC 3339 with nine fraction digits.';
COMMENT ON COLUMN inventory.backups.duration IS 'created_at - started_at, to the microsecond.';
COMMENT ON COLUMN inventory.backups.opensearch_version IS 'The version that made the backup, as the API writes it.';
COMMENT ON COLUMN inventory.backups.indices IS 'Names of indices, in the API''s order. The API names at most 100: see indices_truncated.';
COMMENT ON COLUMN inventory.backups.indices_total IS 'Number of indices in the backup, as the API counts them.';
COMMENT ON COLUMN inventory.backups.indices_truncated IS 'True where the backup holds more indices than are named: a name that is not listed may still be in it. NULL: cannot tell, for the API does not say how many it holds.';
COMMENT ON COLUMN inventory.backups.size_bytes IS 'Size as the API says it (sizeBytes or size); redis and sqlserver name none.';
COMMENT ON COLUMN inventory.backups.incremental_size_bytes IS 'What this backup added to the storage, as the API says it (incrementalSizeBytes).';
COMMENT ON COLUMN inventory.backups.total_size_bytes IS 'Size of all data it restores, as the API says it (totalSizeBytes).';
COMMENT ON COLUMN inventory.backups.free_space_required_bytes IS 'Free space that a restore needs, as the API says it (freeSpaceRequiredBytes).';
COMMENT ON COLUMN inventory.backups.extra IS 'Fields of the API that have no column here, as JSON; NULL where there are none.';
COMMENT ON COLUMN inventory.backups.labels IS 'The cluster''s labels in the configuration.';
COMMENT ON COLUMN inventory.backups.first_seen_at IS 'Start of the first listing that held it.';
COMMENT ON COLUMN inventory.backups.last_seen_at IS 'Until when it is known to have been there: start of the newest complete listing before it was missing, or of the newest of all while it is live; not before first_seen_at. An incomplete listing that showed it later is not counted.';
COMMENT ON COLUMN inventory.backups.missing_since IS 'Start of the complete listing that first lacked it.';
COMMENT ON COLUMN inventory.backups.vanished_at IS 'Start of the second complete listing in a row that lacked it.';
COMMENT ON COLUMN inventory.backups.vanish_reason IS 'Why it vanished, inferred: the API gives no reasons. expired: it had reached its retention, within a day (of a retention below a week: within a seventh); that is its own retain_until, else, unless it was made by hand (type MANUAL), the known retention of its cluster. cluster_deleted: it had not, and went missing while the API answered 404 for its cluster. deleted_early: it had not, and its cluster was there. unknown: cannot be inferred.';
COMMENT ON COLUMN inventory.backups.type IS 'Who made it: AUTOMATED or MANUAL, or a newer word of the API. NULL: the API does not say; OpenSearch never does.';
COMMENT ON COLUMN inventory.backups.method IS 'How it was made: BASE, INCREMENTAL, FULL, or a newer word of the API (postgresql, greenplum, spqr).';
COMMENT ON COLUMN inventory.backups.status IS 'DONE or CREATING, or a newer word of the API (postgresql, mysql). One that is still being made is listed too.';
COMMENT ON COLUMN inventory.backups.journal_size_bytes IS 'Size of the journal (WAL, binlog, oplog) kept with it (postgresql, mysql, mongodb, greenplum).';
COMMENT ON COLUMN inventory.backups.shared_size_bytes IS 'The API''s sharedSize (greenplum).';
COMMENT ON COLUMN inventory.backups.source_shard_names IS 'The shards it was made of (clickhouse, mongodb, redis, spqr); NULL: the service has no such field.';
COMMENT ON COLUMN inventory.backups.databases IS 'The databases in it (sqlserver); NULL: the service has no such field.';
COMMENT ON COLUMN inventory.backups.retention_policy_id IS 'The retention policy it is kept by (postgresql).';
COMMENT ON COLUMN inventory.backups.retention_policy_name IS 'Name of that policy.';
COMMENT ON COLUMN inventory.backups.retain_until IS 'Until when it is kept, floored to the microsecond (postgresql).';
COMMENT ON COLUMN inventory.backups.retain_until_ns IS 'Nanoseconds (0-999) beyond retain_until.';
COMMENT ON COLUMN inventory.backups.retain_until_text IS 'retain_until as RFC 3339 with nine fraction digits.';
COMMENT ON COLUMN inventory.backups.elasticsearch_version IS 'The Elasticsearch version that made the backup, as the API writes it.';

CREATE VIEW inventory.backup_times AS
SELECT
    b.cluster_id,
    b.backup_id,
    b.created_at,
    b.created_at_ns,
    CASE WHEN b.missing_listing_id IS NULL THEN 'live' ELSE 'missing' END AS state,
    b.size_bytes,
    b.incremental_size_bytes,
    b.total_size_bytes,
    inventory.is_finished(b.status) AS finished
FROM collector.backup AS b
WHERE b.vanished_listing_id IS NULL
UNION ALL
SELECT
    b.cluster_id,
    b.backup_id,
    b.created_at,
    b.created_at_ns,
    'vanished',
    b.size_bytes,
    b.incremental_size_bytes,
    b.total_size_bytes,
    inventory.is_finished(b.status)
FROM collector.backup AS b
WHERE b.vanished_listing_id IS NOT NULL;

COMMENT ON VIEW inventory.backup_times IS 'When backups were completed, and how large they are: what a drawing needs. Of inventory.backups the few columns that are found in time order without reading a cluster''s whole past.';
COMMENT ON COLUMN inventory.backup_times.cluster_id IS 'The cluster whose list holds the backup.';
COMMENT ON COLUMN inventory.backup_times.backup_id IS 'The API''s id; unique within its cluster.';
COMMENT ON COLUMN inventory.backup_times.created_at IS 'When the backup was completed, floored to the microsecond; created_at_ns has the rest.';
COMMENT ON COLUMN inventory.backup_times.created_at_ns IS 'Nanoseconds (0-999) beyond created_at.';
COMMENT ON COLUMN inventory.backup_times.state IS 'live, missing or vanished, as in inventory.backups.';
COMMENT ON COLUMN inventory.backup_times.size_bytes IS 'Size as the API says it.';
COMMENT ON COLUMN inventory.backup_times.incremental_size_bytes IS 'What this backup added to the storage, as the API says it.';
COMMENT ON COLUMN inventory.backup_times.total_size_bytes IS 'Size of all data it restores, as the API says it.';
COMMENT ON COLUMN inventory.backup_times.finished IS 'Whether it counts as a backup: see inventory.is_finished.';

CREATE VIEW inventory.clusters AS
SELECT
    c.service,
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
    l.error || coalesce(': ' || l.message, '') AS last_error,
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
    coalesce(d.last_seen_at, greatest(d.changed_at, s.observed_at)) AS described_at,
    coalesce(d.gone_since IS NULL AND s.active, false) AS in_discovery,
    c.pruned_until
FROM collector.cluster AS c
LEFT JOIN collector.discovered_cluster AS d ON d.cluster_id = c.cluster_id
LEFT JOIN collector.discovery_source AS s ON s.source = d.source
LEFT JOIN LATERAL (
    SELECT
        x.outcome,
        x.error,
        x.message,
        x.started_at
    FROM collector.listing AS x
    WHERE x.cluster_id = c.cluster_id
    ORDER BY x.listing_id DESC
    LIMIT 1
) AS l ON true;

COMMENT ON VIEW inventory.clusters IS 'Every cluster that is or was configured or discovered, with the outcome of its newest listing.';
COMMENT ON COLUMN inventory.clusters.service IS 'Which managed database, by its word in the configuration: opensearch, postgresql, …';
COMMENT ON COLUMN inventory.clusters.cluster_id IS 'The cluster''s id.';
COMMENT ON COLUMN inventory.clusters.name IS 'Its name in the configuration, else in the API where it is discovered; NULL: none.';
COMMENT ON COLUMN inventory.clusters.folder_id IS 'Its folder, where known.';
COMMENT ON COLUMN inventory.clusters.labels IS 'Its labels in the configuration, else in the API where it is discovered.';
COMMENT ON COLUMN inventory.clusters.source IS 'How we know of it: config (also where a discovery names it too) or discovery.';
COMMENT ON COLUMN inventory.clusters.managed IS 'False once the cluster left the configuration and, by complete readings, the discovered folders; its backups stay.';
COMMENT ON COLUMN inventory.clusters.max_age IS 'How old the newest backup may be.';
COMMENT ON COLUMN inventory.clusters.status IS 'Its status in the API, as of described_at; NULL: no discovery names it.';
COMMENT ON COLUMN inventory.clusters.observed_at IS 'Start of the newest complete listing; NULL: never seen complete.';
COMMENT ON COLUMN inventory.clusters.last_outcome IS 'Outcome of the newest listing: complete, partial, held, failed or superseded.';
COMMENT ON COLUMN inventory.clusters.last_error IS 'Why the newest listing failed, else NULL.';
COMMENT ON COLUMN inventory.clusters.last_listing_at IS 'Start of the newest listing, whatever came of it.';
COMMENT ON COLUMN inventory.clusters.observation_max_age IS 'How old observed_at may be before the verdict is unknown.';
COMMENT ON COLUMN inventory.clusters.registered_at IS 'When it was first configured or discovered.';
COMMENT ON COLUMN inventory.clusters.max_age_source IS 'Who says max_age: config (its entry), schedule (the cluster''s own), or default (freshness.max_age).';
COMMENT ON COLUMN inventory.clusters.retention IS 'How long an automatic backup is kept, where known.';
COMMENT ON COLUMN inventory.clusters.retention_source IS 'Who says retention: config (its entry) or schedule (the cluster itself).';
COMMENT ON COLUMN inventory.clusters.api_name IS 'Its name in the API, as of described_at.';
COMMENT ON COLUMN inventory.clusters.api_labels IS 'Its labels in the API, as of described_at.';
COMMENT ON COLUMN inventory.clusters.environment IS 'Its environment in the API, such as PRODUCTION.';
COMMENT ON COLUMN inventory.clusters.health IS 'Its health in the API, such as ALIVE, as of described_at.';
COMMENT ON COLUMN inventory.clusters.stopped_since IS 'Start of the first reading that described it as STOPPED; it was stopped then or before: where no reading came earlier, nobody knows since when. NULL: it is not.';
COMMENT ON COLUMN inventory.clusters.stopped_after IS 'Start of the newest reading that described it otherwise: it was stopped between this and stopped_since. NULL: it is not stopped, or nobody saw it run.';
COMMENT ON COLUMN inventory.clusters.described_at IS 'Start of the newest reading known to hold name, labels, status and health as they stand here; NULL: no discovery ever named it.';
COMMENT ON COLUMN inventory.clusters.in_discovery IS 'True while a discovered folder, as last read completely, holds it.';
COMMENT ON COLUMN inventory.clusters.pruned_until IS 'Nothing is known of what was before: older listings and vanished backups may have been removed by collector prune. NULL: nothing was.';
COMMENT ON COLUMN inventory.clusters.not_found_since IS 'Since when the API answers 404 for the cluster: deleted, or the id is wrong. NULL: it was listed last, or never asked for.';

CREATE VIEW inventory.freshness AS
SELECT
    c.service,
    c.cluster_id,
    c.name AS cluster_name,
    c.labels,
    CASE
        WHEN c.observed_at IS NULL OR now() - c.observed_at > c.observation_max_age THEN 'unknown'
        WHEN newest.created_at IS NULL THEN 'stale'
        WHEN judged.at - newest.created_at <= c.max_age THEN 'fresh'
        -- Old enough for stale, but whether it should be younger we did not see: the cluster may be stopped still, or was
        -- stopped at a time that we do not know: before anybody saw it, or while nobody looked.
        WHEN d.stopped_since - newest.created_at <= c.max_age OR d.stopped_since = d.first_seen_at THEN 'unknown'
        WHEN d.stopped_after - newest.created_at <= c.max_age THEN 'unknown'
        ELSE 'stale'
    END AS verdict,
    newest.backup_id AS newest_backup_id,
    newest.created_at AS newest_created_at,
    newest.created_at_ns AS newest_created_at_ns,
    now() - newest.created_at AS backup_age,
    c.max_age,
    c.observed_at,
    now() - c.observed_at AS observation_age,
    -- Counted only for those who ask: a subquery in FROM would be run for everybody.
    (
        SELECT count(*)
        FROM collector.backup AS b
        WHERE
            b.cluster_id = c.cluster_id
            AND b.vanished_listing_id IS NULL
            AND b.missing_listing_id IS NULL
    ) AS live_backups,
    d.status,
    judged.expected,
    d.stopped_since,
    c.max_age_source,
    c.retention,
    c.retention_source
FROM collector.cluster AS c
LEFT JOIN collector.discovered_cluster AS d ON d.cluster_id = c.cluster_id AND d.gone_since IS NULL
LEFT JOIN collector.discovery_source AS s ON s.source = d.source
-- A stopped cluster makes no backups, and has no data newer than its stop. We know that it is stopped only as long as
-- it was described so recently: else it may run again, and only what is young enough even now is fresh.
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN e.expected THEN now() ELSE d.stopped_since END AS at,
        e.expected
    FROM (
        SELECT
            d.stopped_since IS NULL
            OR now() - greatest(d.changed_at, s.observed_at) > c.observation_max_age AS expected
    ) AS e
) AS judged
LEFT JOIN LATERAL (
    SELECT
        b.backup_id,
        b.created_at,
        b.created_at_ns
    FROM collector.backup AS b
    WHERE
        b.cluster_id = c.cluster_id
        AND b.vanished_listing_id IS NULL
        AND b.missing_listing_id IS NULL
        AND b.created_at <= now() + INTERVAL '1 hour'
        AND inventory.is_finished(b.status)
    ORDER BY b.created_at DESC, b.created_at_ns DESC, b.backup_id DESC
    LIMIT 1
) AS newest ON true
WHERE c.managed;

COMMENT ON VIEW inventory.freshness IS 'One verdict for each configured or discovered cluster. unknown wins over stale: we do not judge what we have not seen recently.';
COMMENT ON COLUMN inventory.freshness.service IS 'Which managed database, by its word in the configuration: opensearch, postgresql, …';
COMMENT ON COLUMN inventory.freshness.cluster_id IS 'The cluster''s id.';
COMMENT ON COLUMN inventory.freshness.cluster_name IS 'The cluster''s name in the configuration, else in the API; NULL: none.';
COMMENT ON COLUMN inventory.freshness.labels IS 'The cluster''s labels in the configuration, else in the API.';
COMMENT ON COLUMN inventory.freshness.verdict IS 'unknown: no complete listing within observation_max_age; or the newest backup is older than max_age, and that may be right: the cluster was stopped before anybody saw it run, or between two readings of its status of which only the earlier would find the backup young enough, or was stopped when its status was last read, longer ago than observation_max_age. stale: no live backup, or the newest older than max_age (of a stopped cluster: older than that when it was last seen to run). fresh: else.';
COMMENT ON COLUMN inventory.freshness.newest_backup_id IS 'The newest live backup. Passed over, because they prove nothing: one that has a status other than DONE, such as CREATING, is not known to be finished; one dated more than an hour ahead of the database''s clock.';
COMMENT ON COLUMN inventory.freshness.newest_created_at IS 'When the newest live backup was completed, floored to the microsecond.';
COMMENT ON COLUMN inventory.freshness.newest_created_at_ns IS 'Nanoseconds (0-999) beyond newest_created_at.';
COMMENT ON COLUMN inventory.freshness.backup_age IS 'Age of the newest live backup.';
COMMENT ON COLUMN inventory.freshness.max_age IS 'How old the newest backup may be.';
COMMENT ON COLUMN inventory.freshness.observed_at IS 'Start of the newest complete listing; NULL: never seen complete.';
COMMENT ON COLUMN inventory.freshness.observation_age IS 'Age of the newest complete listing: what we know is as old as this.';
COMMENT ON COLUMN inventory.freshness.live_backups IS 'Number of live backups, as of observed_at; those still being made are counted.';
COMMENT ON COLUMN inventory.freshness.status IS 'The cluster''s status in the API, where a discovery names it.';
COMMENT ON COLUMN inventory.freshness.expected IS 'Whether new backups are to be expected: false while the cluster is known to be STOPPED. Then the verdict is about the time of the stop.';
COMMENT ON COLUMN inventory.freshness.stopped_since IS 'Start of the first reading that described it as STOPPED; NULL: it is not.';
COMMENT ON COLUMN inventory.freshness.max_age_source IS 'Who says max_age: config, schedule (the cluster''s own) or default.';
COMMENT ON COLUMN inventory.freshness.retention IS 'How long an automatic backup is kept, where known.';
COMMENT ON COLUMN inventory.freshness.retention_source IS 'Who says retention: config or schedule (the cluster itself).';

CREATE VIEW inventory.sweeps AS
SELECT
    s.sweep_id,
    s.outcome,
    s.started_at,
    s.finished_at,
    s.finished_at - s.started_at AS duration,
    s.shard,
    s.clusters_selected,
    s.clusters_complete,
    s.clusters_partial,
    s.clusters_held,
    s.clusters_failed,
    s.clusters_superseded,
    s.trace_id,
    s.program_version
FROM collector.sweep AS s;

COMMENT ON VIEW inventory.sweeps IS 'One row for each pass over the selected clusters.';
COMMENT ON COLUMN inventory.sweeps.sweep_id IS 'Number of the sweep; a higher one began later.';
COMMENT ON COLUMN inventory.sweeps.outcome IS 'complete, partial (some clusters are not complete), failed (every listing failed), interrupted (by a signal), aborted (killed), running.';
COMMENT ON COLUMN inventory.sweeps.started_at IS 'When it began, on the database''s clock.';
COMMENT ON COLUMN inventory.sweeps.finished_at IS 'When it ended; NULL: it runs.';
COMMENT ON COLUMN inventory.sweeps.duration IS 'finished_at - started_at.';
COMMENT ON COLUMN inventory.sweeps.shard IS 'The part of the clusters it was asked for, as I/N; NULL: all.';
COMMENT ON COLUMN inventory.sweeps.clusters_selected IS 'Clusters it was to list.';
COMMENT ON COLUMN inventory.sweeps.clusters_complete IS 'Of these, listings with outcome complete.';
COMMENT ON COLUMN inventory.sweeps.clusters_partial IS 'Listings with outcome partial.';
COMMENT ON COLUMN inventory.sweeps.clusters_held IS 'Listings with outcome held.';
COMMENT ON COLUMN inventory.sweeps.clusters_failed IS 'Listings with outcome failed.';
COMMENT ON COLUMN inventory.sweeps.clusters_superseded IS 'Listings with outcome superseded.';
COMMENT ON COLUMN inventory.sweeps.trace_id IS 'What the API was sent as x-client-trace-id.';
COMMENT ON COLUMN inventory.sweeps.program_version IS 'Version of the collector.';

CREATE VIEW inventory.listings AS
SELECT
    l.listing_id,
    l.sweep_id,
    c.service,
    l.cluster_id,
    c.name AS cluster_name,
    l.outcome,
    l.via,
    l.started_at,
    l.finished_at,
    l.finished_at - l.started_at AS duration,
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
FROM collector.listing AS l
INNER JOIN collector.cluster AS c ON c.cluster_id = l.cluster_id;

COMMENT ON VIEW inventory.listings IS 'The ledger: one row for each reading of one cluster. Answers why a cluster is unknown without reading logs.';
COMMENT ON COLUMN inventory.listings.listing_id IS 'Number of the listing, drawn before its first page; a higher one began later.';
COMMENT ON COLUMN inventory.listings.sweep_id IS 'The sweep it belongs to.';
COMMENT ON COLUMN inventory.listings.service IS 'Which managed database, by its word in the configuration: opensearch, postgresql, …';
COMMENT ON COLUMN inventory.listings.cluster_id IS 'The cluster that was listed.';
COMMENT ON COLUMN inventory.listings.cluster_name IS 'The cluster''s name in the configuration; NULL: none.';
COMMENT ON COLUMN inventory.listings.outcome IS 'complete, partial (some records unreadable), held (too much disappeared at once), failed, superseded (a newer listing was merged first).';
COMMENT ON COLUMN inventory.listings.via IS 'Which list was read: the cluster''s own, or that of its folder, since the cluster was not found. Clusters of one folder share a reading; what it cost stands with the first.';
COMMENT ON COLUMN inventory.listings.started_at IS 'Before its first page was asked for, on the database''s clock.';
COMMENT ON COLUMN inventory.listings.finished_at IS 'When its row was written.';
COMMENT ON COLUMN inventory.listings.duration IS 'finished_at - started_at.';
COMMENT ON COLUMN inventory.listings.pages IS 'Pages received.';
COMMENT ON COLUMN inventory.listings.requests IS 'Requests sent, retries included.';
COMMENT ON COLUMN inventory.listings.retries IS 'Requests that repeated a failed one.';
COMMENT ON COLUMN inventory.listings.throttles IS 'Answers that asked us to slow down.';
COMMENT ON COLUMN inventory.listings.restarts IS 'How often it began anew because the list moved: 0 or 1.';
COMMENT ON COLUMN inventory.listings.bytes IS 'Bytes of all bodies, decoded.';
COMMENT ON COLUMN inventory.listings.listed IS 'Records on all pages.';
COMMENT ON COLUMN inventory.listings.inserted IS 'Backups seen for the first time.';
COMMENT ON COLUMN inventory.listings.updated IS 'Backups with a changed value.';
COMMENT ON COLUMN inventory.listings.unchanged IS 'Backups that are as they were stored.';
COMMENT ON COLUMN inventory.listings.missing IS 'Backups marked missing.';
COMMENT ON COLUMN inventory.listings.vanished IS 'Backups marked vanished.';
COMMENT ON COLUMN inventory.listings.returned IS 'Missing or vanished backups that were listed again.';
COMMENT ON COLUMN inventory.listings.quarantined IS 'Records that could not be read exactly.';
COMMENT ON COLUMN inventory.listings.duplicates IS 'Records listed twice with identical content.';
COMMENT ON COLUMN inventory.listings.unkept IS 'Of the quarantined, records that are not in inventory.quarantine: it holds at most 1,000 of a cluster, those that came first.';
COMMENT ON COLUMN inventory.listings.error IS 'The kind of error, a stable word, where the listing failed.';
COMMENT ON COLUMN inventory.listings.message IS 'What went wrong, in full.';
COMMENT ON COLUMN inventory.listings.server_request_id IS 'The newest request id that the API named: what its support asks for.';

CREATE VIEW inventory.quarantine AS
SELECT
    c.service,
    q.cluster_id,
    c.name AS cluster_name,
    q.backup_id,
    q.field,
    q.reason,
    q.raw,
    q.raw_size_bytes,
    q.first_seen_at,
    q.last_seen_at,
    q.last_listing_id = c.last_listing_id AS in_newest_listing
FROM collector.quarantine AS q
INNER JOIN collector.cluster AS c ON c.cluster_id = q.cluster_id;

COMMENT ON VIEW inventory.quarantine IS 'Records that could not be read exactly, as received, with the reason: of each cluster the first 1,000.';
COMMENT ON COLUMN inventory.quarantine.service IS 'Which managed database, by its word in the configuration: opensearch, postgresql, …';
COMMENT ON COLUMN inventory.quarantine.cluster_id IS 'The cluster whose list held the record.';
COMMENT ON COLUMN inventory.quarantine.cluster_name IS 'The cluster''s name in the configuration; NULL: none.';
COMMENT ON COLUMN inventory.quarantine.backup_id IS 'The record''s id, where it could be read.';
COMMENT ON COLUMN inventory.quarantine.field IS 'The API''s name of the field that could not be read; NULL: the record as a whole.';
COMMENT ON COLUMN inventory.quarantine.reason IS 'Why it could not be read exactly.';
COMMENT ON COLUMN inventory.quarantine.raw IS 'The first MiB of the record''s bytes as received.';
COMMENT ON COLUMN inventory.quarantine.raw_size_bytes IS 'The record''s whole length in bytes.';
COMMENT ON COLUMN inventory.quarantine.first_seen_at IS 'Start of the first listing that held it.';
COMMENT ON COLUMN inventory.quarantine.last_seen_at IS 'Start of the newest listing that held it.';
COMMENT ON COLUMN inventory.quarantine.in_newest_listing IS 'True while the API still lists the record.';

-- migrate:down
DROP SCHEMA inventory CASCADE;
