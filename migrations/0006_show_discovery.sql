-- 0006: the public views of what discoveries found.
--
-- Why: people ask which clusters nobody wrote down, which are gone, and which are left out.
-- Locks: none, everything is new.

-- migrate:up
CREATE VIEW inventory.coverage AS
SELECT
    coalesce(c.cluster_id, d.cluster_id) AS cluster_id,
    coalesce(c.service, d.service) AS service,
    coalesce(c.name, d.name) AS name,
    coalesce(c.folder_id, d.folder_id) AS folder_id,
    CASE
        WHEN d.gone_since IS NOT NULL OR absent.source IS NOT NULL THEN 'gone'
        WHEN c.managed AND c.source = 'config' THEN 'covered'
        WHEN c.managed OR (d.matched AND s.active) THEN 'unlisted'
        ELSE 'excluded'
    END AS coverage,
    CASE WHEN c.managed THEN c.source END AS source,
    coalesce(c.managed, false) AS managed,
    coalesce(c.labels, d.labels) AS labels,
    d.status,
    d.first_seen_at AS first_discovered_at,
    coalesce(d.last_seen_at, greatest(d.changed_at, s.observed_at)) AS last_discovered_at,
    coalesce(d.gone_since, absent.observed_at) AS gone_since
FROM collector.cluster AS c
FULL JOIN collector.discovered_cluster AS d ON d.cluster_id = c.cluster_id
LEFT JOIN collector.discovery_source AS s ON s.source = d.source
LEFT JOIN collector.discovery_source AS absent
    ON
        d.cluster_id IS NULL
        AND absent.active
        AND absent.folder_id = c.folder_id
        AND absent.service = c.service
        AND absent.observed_at >= c.registered_at
        -- What was listed since was not absent, unless it is a deleted one's backups that were.
        AND (c.observed_at IS NULL OR c.not_found_since IS NOT NULL OR c.observed_at < absent.observed_at)
WHERE c.managed OR s.active OR d.gone_since IS NOT NULL;

COMMENT ON VIEW inventory.coverage IS 'One row for each cluster that is configured, or was found by a discovery: who is watched because of what, who is gone, who is left out.';
COMMENT ON COLUMN inventory.coverage.cluster_id IS 'The cluster''s id.';
COMMENT ON COLUMN inventory.coverage.service IS 'Which managed database.';
COMMENT ON COLUMN inventory.coverage.name IS 'Its name in the configuration, else in the API; NULL: none.';
COMMENT ON COLUMN inventory.coverage.folder_id IS 'Its folder, where known.';
COMMENT ON COLUMN inventory.coverage.coverage IS 'covered: listed in the configuration, and not known to be gone. unlisted: watched only because a discovery found it. gone: its folder, read completely, holds it no longer (or, read so after it was configured, never did, and its backups were not listed since). excluded: in a discovered folder, but every entry''s filter leaves it out, so its backups are not watched.';
COMMENT ON COLUMN inventory.coverage.source IS 'Why its backups are watched: config or discovery; NULL: they are not.';
COMMENT ON COLUMN inventory.coverage.managed IS 'Whether its backups are watched.';
COMMENT ON COLUMN inventory.coverage.labels IS 'Its labels in the configuration, else in the API.';
COMMENT ON COLUMN inventory.coverage.status IS 'Its status in the API, as of last_discovered_at.';
COMMENT ON COLUMN inventory.coverage.first_discovered_at IS 'Start of the first reading of a folder that held it; NULL: no discovery ever found it.';
COMMENT ON COLUMN inventory.coverage.last_discovered_at IS 'Start of the newest reading known to hold it; NULL: no discovery ever found it.';
COMMENT ON COLUMN inventory.coverage.gone_since IS 'Start of the first complete reading that lacked it; of a cluster that was never found, of the newest.';

CREATE VIEW inventory.cluster_changes AS
SELECT
    h.change_id,
    h.changed_at,
    coalesce(c.service, d.service) AS service,
    h.cluster_id,
    coalesce(c.name, d.name) AS cluster_name,
    h.kind,
    h.before,
    h.after
FROM collector.cluster_change AS h
LEFT JOIN collector.cluster AS c ON c.cluster_id = h.cluster_id
LEFT JOIN collector.discovered_cluster AS d ON d.cluster_id = h.cluster_id;

COMMENT ON VIEW inventory.cluster_changes IS 'What the API said of a discovered cluster after it was first seen, one row for each change.';
COMMENT ON COLUMN inventory.cluster_changes.change_id IS 'Number of the change; a higher one was found later.';
COMMENT ON COLUMN inventory.cluster_changes.changed_at IS 'Start of the reading that found it.';
COMMENT ON COLUMN inventory.cluster_changes.service IS 'Which managed database.';
COMMENT ON COLUMN inventory.cluster_changes.cluster_id IS 'The cluster''s id.';
COMMENT ON COLUMN inventory.cluster_changes.cluster_name IS 'The cluster''s name in the configuration, else in the API; NULL: none.';
COMMENT ON COLUMN inventory.cluster_changes.kind IS 'renamed, labels_changed, status_changed, schedule_changed, schedule_weakened (backups more rarely or no longer, or kept for a shorter time), gone (from its folder), returned.';
COMMENT ON COLUMN inventory.cluster_changes.before IS 'What it was; NULL for gone and returned.';
COMMENT ON COLUMN inventory.cluster_changes.after IS 'What it is; NULL for gone and returned.';

CREATE VIEW inventory.discoveries AS
SELECT
    h.discovery_id,
    h.trace_id,
    s.kind,
    s.folder_id,
    s.service,
    s.cloud_id,
    s.active,
    h.outcome,
    h.started_at,
    h.finished_at,
    h.finished_at - h.started_at AS duration,
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
FROM collector.discovery AS h
INNER JOIN collector.discovery_source AS s ON s.source = h.source;

COMMENT ON VIEW inventory.discoveries IS 'The ledger of discoveries: one row for each reading of one folder''s clusters, or of one cloud''s folders.';
COMMENT ON COLUMN inventory.discoveries.discovery_id IS 'Number of the discovery, drawn before its first request; its sources share it.';
COMMENT ON COLUMN inventory.discoveries.trace_id IS 'That of the sweep it belongs to, in inventory.sweeps, and what the API was sent as x-client-trace-id.';
COMMENT ON COLUMN inventory.discoveries.kind IS 'folder: its clusters of one service were listed. cloud: its folders were.';
COMMENT ON COLUMN inventory.discoveries.folder_id IS 'The folder; NULL where a cloud''s folders were listed.';
COMMENT ON COLUMN inventory.discoveries.service IS 'Which managed database; NULL where a cloud''s folders were listed.';
COMMENT ON COLUMN inventory.discoveries.cloud_id IS 'The cloud, or that through which the folder was found.';
COMMENT ON COLUMN inventory.discoveries.active IS 'Whether the newest sweep''s configuration leads there.';
COMMENT ON COLUMN inventory.discoveries.outcome IS 'complete, partial (some records unreadable), held (too much was gone at once), failed, superseded (a discovery that began later was stored first). Only complete ones find clusters gone.';
COMMENT ON COLUMN inventory.discoveries.started_at IS 'Before the first request of the discovery, on the database''s clock.';
COMMENT ON COLUMN inventory.discoveries.finished_at IS 'When its row was written.';
COMMENT ON COLUMN inventory.discoveries.duration IS 'finished_at - started_at.';
COMMENT ON COLUMN inventory.discoveries.pages IS 'Pages received.';
COMMENT ON COLUMN inventory.discoveries.requests IS 'Requests sent, retries included.';
COMMENT ON COLUMN inventory.discoveries.retries IS 'Requests that repeated a failed one.';
COMMENT ON COLUMN inventory.discoveries.throttles IS 'Answers that asked us to slow down.';
COMMENT ON COLUMN inventory.discoveries.bytes IS 'Bytes of all bodies, decoded.';
COMMENT ON COLUMN inventory.discoveries.listed IS 'Records on all pages.';
COMMENT ON COLUMN inventory.discoveries.matched IS 'Clusters among them that an entry of the configuration wants.';
COMMENT ON COLUMN inventory.discoveries.skipped IS 'Records that could not be read.';
COMMENT ON COLUMN inventory.discoveries.gone IS 'Clusters that it held before and holds no longer.';
COMMENT ON COLUMN inventory.discoveries.error IS 'The kind of error, a stable word, where it failed.';
COMMENT ON COLUMN inventory.discoveries.message IS 'What went wrong, in full.';
COMMENT ON COLUMN inventory.discoveries.server_request_id IS 'The newest request id that the API named: what its support asks for.';

CREATE VIEW inventory.discovery_sources AS
SELECT
    s.kind,
    coalesce(s.folder_id, s.cloud_id) AS source_id,
    s.service,
    s.cloud_id,
    h.outcome AS last_outcome,
    h.error || coalesce(': ' || h.message, '') AS last_error,
    h.started_at AS last_discovery_at,
    h.throttles AS last_throttles,
    s.observed_at,
    now() - s.observed_at AS observation_age,
    CASE
        WHEN s.kind = 'folder' AND s.observed_at IS NOT NULL THEN (
            SELECT count(*) FROM collector.discovered_cluster AS d
            WHERE d.source = s.source AND d.gone_since IS NULL
        )
    END AS clusters
FROM collector.discovery_source AS s
LEFT JOIN LATERAL (
    SELECT
        x.outcome,
        x.error,
        x.message,
        x.started_at,
        x.throttles
    FROM collector.discovery AS x
    WHERE x.source = s.source
    ORDER BY x.discovery_id DESC
    LIMIT 1
) AS h ON true
WHERE s.active;

COMMENT ON VIEW inventory.discovery_sources IS 'One row for each folder and service, and each cloud, that the newest sweep''s configuration leads to: how current what we know of its clusters is.';
COMMENT ON COLUMN inventory.discovery_sources.kind IS 'folder: its clusters of one service are listed. cloud: its folders are.';
COMMENT ON COLUMN inventory.discovery_sources.source_id IS 'The folder or the cloud.';
COMMENT ON COLUMN inventory.discovery_sources.service IS 'Which managed database; NULL where a cloud''s folders are listed.';
COMMENT ON COLUMN inventory.discovery_sources.cloud_id IS 'The cloud, or that through which the folder was found.';
COMMENT ON COLUMN inventory.discovery_sources.last_outcome IS 'Outcome of the newest reading: complete, partial, held, failed or superseded.';
COMMENT ON COLUMN inventory.discovery_sources.last_error IS 'Why the newest reading failed, else NULL.';
COMMENT ON COLUMN inventory.discovery_sources.last_discovery_at IS 'Start of the newest reading, whatever came of it.';
COMMENT ON COLUMN inventory.discovery_sources.last_throttles IS 'Answers of the newest reading that asked us to slow down.';
COMMENT ON COLUMN inventory.discovery_sources.observed_at IS 'Start of the newest complete reading; NULL: there is none.';
COMMENT ON COLUMN inventory.discovery_sources.observation_age IS 'How long ago that was.';
COMMENT ON COLUMN inventory.discovery_sources.clusters IS 'Clusters that it is known to hold, wanted or not; NULL for a cloud, and before the first complete reading.';

-- migrate:down
DROP VIEW inventory.discovery_sources;
DROP VIEW inventory.discoveries;
DROP VIEW inventory.cluster_changes;
DROP VIEW inventory.coverage;
