-- 0001: the tables of the inventory.
--
-- Why: the first schema. What is public lies in schema `inventory` (0002); these tables belong to the program.
-- Locks: none, everything is new.

-- migrate:up
CREATE TABLE collector.sweep (
    sweep_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at timestamptz NOT NULL DEFAULT now(),
    deadline_at timestamptz NOT NULL,
    finished_at timestamptz,
    outcome text NOT NULL DEFAULT 'running',
    trace_id text NOT NULL,
    program_version text NOT NULL,
    shard text,
    clusters_selected integer NOT NULL,
    clusters_complete integer NOT NULL DEFAULT 0,
    clusters_partial integer NOT NULL DEFAULT 0,
    clusters_held integer NOT NULL DEFAULT 0,
    clusters_failed integer NOT NULL DEFAULT 0,
    clusters_superseded integer NOT NULL DEFAULT 0,
    CONSTRAINT sweep_outcome_is_known CHECK (
        outcome IN ('running', 'complete', 'partial', 'failed', 'interrupted', 'aborted')
    ),
    CONSTRAINT sweep_is_running_or_finished CHECK ((outcome = 'running') = (finished_at IS NULL))
);

CREATE INDEX sweep_running_idx ON collector.sweep (deadline_at) WHERE outcome = 'running';

COMMENT ON TABLE collector.sweep IS 'One pass over all selected clusters.';
COMMENT ON COLUMN collector.sweep.deadline_at IS 'When the sweep ends itself at the latest; a row still running after that was killed.';
COMMENT ON COLUMN collector.sweep.outcome IS 'complete: every selected cluster has a complete listing from this sweep or a newer one. partial: some have not. failed: every listing has failed. interrupted: stopped by a signal. aborted: killed, and closed by a later sweep.';
COMMENT ON COLUMN collector.sweep.trace_id IS 'Sent to the API as x-client-trace-id with every request of the sweep.';

CREATE TABLE collector.cluster (
    cluster_id text PRIMARY KEY,
    service text NOT NULL,
    name text,
    folder_id text,
    labels jsonb NOT NULL DEFAULT '{}',
    source text NOT NULL,
    managed boolean NOT NULL,
    max_age interval NOT NULL,
    max_age_source text NOT NULL DEFAULT 'default',
    observation_max_age interval NOT NULL,
    retention interval,
    retention_source text,
    registered_at timestamptz NOT NULL DEFAULT now(),
    last_listing_id bigint NOT NULL DEFAULT 0,
    complete_listing_id bigint,
    observed_at timestamptz,
    listing_digest bytea,
    not_found_since timestamptz,
    pruned_until timestamptz,
    CONSTRAINT cluster_id_is_safe_in_a_path CHECK (cluster_id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$'),
    CONSTRAINT cluster_source_is_known CHECK (source IN ('config', 'discovery')),
    CONSTRAINT cluster_max_age_source_is_known CHECK (max_age_source IN ('config', 'schedule', 'default')),
    CONSTRAINT cluster_retention_source_is_known CHECK (retention_source IN ('config', 'schedule')),
    CONSTRAINT cluster_labels_are_an_object CHECK (jsonb_typeof(labels) = 'object'),
    CONSTRAINT cluster_fence_covers_the_complete_listing CHECK (complete_listing_id <= last_listing_id),
    CONSTRAINT cluster_is_observed_by_a_complete_listing CHECK ((complete_listing_id IS NULL) = (observed_at IS NULL))
) WITH (fillfactor = 75);

COMMENT ON TABLE collector.cluster IS 'A cluster that is or was configured, or found by a discovery. Its row is the lock and the fence of all that is written about it.';
COMMENT ON COLUMN collector.cluster.max_age_source IS 'Who says max_age: the configuration''s entry, the cluster''s own schedule, or the common default.';
COMMENT ON COLUMN collector.cluster.retention_source IS 'Who says retention: the configuration''s entry or the cluster itself. NULL: nobody, or a hand.';
COMMENT ON COLUMN collector.cluster.retention IS 'How long an automatic backup is kept, where known.';
COMMENT ON COLUMN collector.cluster.last_listing_id IS 'The fence: the newest listing that was merged. An older one is refused.';
COMMENT ON COLUMN collector.cluster.complete_listing_id IS 'The newest listing with outcome complete.';
COMMENT ON COLUMN collector.cluster.observed_at IS 'When the newest complete listing began, on the database''s clock.';
COMMENT ON COLUMN collector.cluster.listing_digest IS 'Digest of the newest listing, where that alone proves that nothing changed: complete, and no backup missing. Else NULL.';

COMMENT ON COLUMN collector.cluster.not_found_since IS 'Since when its own list answers 404; NULL: it was listed since, or never asked for.';
COMMENT ON COLUMN collector.cluster.pruned_until IS 'Start of the complete listing before which its history may have been removed: of what was before, nothing is known. It only grows. NULL: nothing was removed.';

CREATE SEQUENCE collector.listing_id_seq AS bigint CACHE 1;

COMMENT ON SEQUENCE collector.listing_id_seq IS 'Drawn before the first page of a listing: a higher id means a listing that began later.';

CREATE TABLE collector.listing (
    listing_id bigint PRIMARY KEY,
    sweep_id bigint REFERENCES collector.sweep (sweep_id),
    cluster_id text NOT NULL REFERENCES collector.cluster (cluster_id),
    outcome text NOT NULL,
    via text NOT NULL DEFAULT 'cluster',
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT now(),
    pages integer NOT NULL,
    requests integer NOT NULL,
    retries integer NOT NULL,
    throttles integer NOT NULL,
    restarts integer NOT NULL,
    bytes bigint NOT NULL,
    listed integer NOT NULL,
    inserted integer NOT NULL DEFAULT 0,
    updated integer NOT NULL DEFAULT 0,
    unchanged integer NOT NULL DEFAULT 0,
    missing integer NOT NULL DEFAULT 0,
    vanished integer NOT NULL DEFAULT 0,
    returned integer NOT NULL DEFAULT 0,
    quarantined integer NOT NULL DEFAULT 0,
    duplicates integer NOT NULL DEFAULT 0,
    unkept integer NOT NULL DEFAULT 0,
    error text,
    message text,
    server_request_id text,
    CONSTRAINT listing_can_be_cited_as_proof UNIQUE (cluster_id, listing_id, outcome),
    CONSTRAINT listing_outcome_is_known CHECK (outcome IN ('complete', 'partial', 'held', 'failed', 'superseded')),
    CONSTRAINT listing_via_is_known CHECK (via IN ('cluster', 'folder')),
    CONSTRAINT listing_failed_with_an_error CHECK ((outcome = 'failed') = (error IS NOT NULL)),
    CONSTRAINT listing_marks_absence_only_when_complete CHECK (outcome = 'complete' OR (missing = 0 AND vanished = 0)),
    CONSTRAINT listing_unkept_is_of_the_quarantined CHECK (unkept BETWEEN 0 AND quarantined),
    CONSTRAINT listing_accounts_for_every_record CHECK (
        outcome IN ('failed', 'superseded')
        OR listed = inserted + updated + unchanged + returned + quarantined + duplicates
    )
-- Readers take the past from indexes alone, as far as a vacuum has been there: by default that would leave out the
-- newest fifth of all rows.
) WITH (autovacuum_vacuum_insert_scale_factor = 0.02);

CREATE INDEX listing_in_time_idx ON collector.listing (cluster_id, started_at, outcome);

-- Rows come in the order of their sweeps, so a BRIN finds those of one, and costs a write next to nothing.
CREATE INDEX listing_sweep_idx ON collector.listing USING brin (sweep_id) WITH (autosummarize = on);

COMMENT ON TABLE collector.listing IS 'The ledger: one row for each reading of one cluster, also for those that failed.';
COMMENT ON COLUMN collector.listing.sweep_id IS 'NULL only inside a dry run, which is rolled back.';
COMMENT ON COLUMN collector.listing.started_at IS 'Before its first page was asked for, on the database''s clock. All times of "seen" are this one.';
COMMENT ON COLUMN collector.listing.bytes IS 'Bytes of all bodies, decoded.';
COMMENT ON COLUMN collector.listing.listed IS 'Records on all pages.';
COMMENT ON COLUMN collector.listing.error IS 'The kind of error, a stable word; message says it in full.';
COMMENT ON COLUMN collector.listing.server_request_id IS 'The newest request id that the API named: what its support asks for.';

CREATE TABLE collector.index_set (
    index_set_id uuid PRIMARY KEY,
    names text[] NOT NULL
);

CREATE INDEX index_set_names_idx ON collector.index_set USING gin (names);

COMMENT ON TABLE collector.index_set IS 'Lists of index names, each stored once: from backup to backup they rarely change.';
COMMENT ON COLUMN collector.index_set.index_set_id IS 'Content address: the first 16 bytes of a SHA-256 of the names in the API''s order, joined by NUL.';

-- No foreign key leads from a backup to its cluster or its index set: every first load would pay a check for each row,
-- and both are written by the transaction that writes the backup, and never deleted.
CREATE TABLE collector.backup (
    created_at timestamptz,
    started_at timestamptz,
    size_bytes bigint,
    indices_total bigint,
    incremental_size_bytes bigint,
    total_size_bytes bigint,
    free_space_required_bytes bigint,
    journal_size_bytes bigint,
    shared_size_bytes bigint,
    retain_until timestamptz,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz,
    missing_since timestamptz,
    missing_listing_id bigint,
    vanished_at timestamptz,
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
    proof text GENERATED ALWAYS AS (CASE WHEN missing_listing_id IS NOT NULL THEN 'complete' END) STORED,
    PRIMARY KEY (cluster_id, backup_id),
    CONSTRAINT backup_id_is_not_empty CHECK (backup_id <> ''),
    CONSTRAINT backup_created_at_is_whole CHECK (
        (created_at IS NULL) = (created_at_ns IS NULL) AND created_at_ns BETWEEN 0 AND 999
    ),
    CONSTRAINT backup_started_at_is_whole CHECK (
        (started_at IS NULL) = (started_at_ns IS NULL) AND started_at_ns BETWEEN 0 AND 999
    ),
    CONSTRAINT backup_retain_until_is_whole CHECK (
        (retain_until IS NULL) = (retain_until_ns IS NULL) AND retain_until_ns BETWEEN 0 AND 999
    ),
    CONSTRAINT backup_missing_is_whole CHECK (
        (missing_listing_id IS NULL) = (missing_since IS NULL) AND (missing_listing_id IS NULL) = (last_seen_at IS NULL)
    ),
    CONSTRAINT backup_vanished_is_whole CHECK (
        (vanished_listing_id IS NULL) = (vanished_at IS NULL)
        AND (vanished_listing_id IS NULL) = (vanish_reason IS NULL)
    ),
    CONSTRAINT backup_vanish_reason_is_known CHECK (
        vanish_reason IN ('cluster_deleted', 'expired', 'deleted_early', 'unknown')
    ),
    CONSTRAINT backup_vanishes_in_a_later_listing_than_it_was_missing CHECK (
        vanished_listing_id IS NULL OR (missing_listing_id IS NOT NULL AND missing_listing_id < vanished_listing_id)
    ),
    CONSTRAINT backup_is_missing_by_proof_of_a_complete_listing
    FOREIGN KEY (cluster_id, missing_listing_id, proof)
    REFERENCES collector.listing (cluster_id, listing_id, outcome),
    CONSTRAINT backup_vanished_by_proof_of_a_complete_listing
    FOREIGN KEY (cluster_id, vanished_listing_id, proof)
    REFERENCES collector.listing (cluster_id, listing_id, outcome)
);

CREATE INDEX backup_present_idx ON collector.backup (cluster_id, created_at, created_at_ns)
WHERE vanished_listing_id IS NULL;

-- Written only when a backup vanishes, which is an update of all indexes in any case.
CREATE INDEX backup_vanished_idx ON collector.backup (cluster_id, created_at, created_at_ns)
WHERE vanished_listing_id IS NOT NULL;

-- The state as inventory.backups words it, so that readers who ask for what is live do not read all that ever was.
CREATE INDEX backup_state_idx ON collector.backup (cluster_id, created_at)
WHERE CASE
    WHEN vanished_listing_id IS NOT NULL THEN 'vanished'
    WHEN missing_listing_id IS NOT NULL THEN 'missing'
    ELSE 'live'
END <> 'vanished';

-- Else the planner takes every state for equally rare.
CREATE STATISTICS collector.backup_state ON (
    CASE
        WHEN vanished_listing_id IS NOT NULL THEN 'vanished'
        WHEN missing_listing_id IS NOT NULL THEN 'missing'
        ELSE 'live'
    END
) FROM collector.backup;

-- A listing that is removed asks for whoever cites it. Live backups have no entry.
CREATE INDEX backup_missing_proof_idx ON collector.backup (cluster_id, missing_listing_id)
WHERE missing_listing_id IS NOT NULL;
CREATE INDEX backup_vanished_proof_idx ON collector.backup (cluster_id, vanished_listing_id)
WHERE vanished_listing_id IS NOT NULL;

COMMENT ON TABLE collector.backup IS 'Every backup ever listed and not pruned. live: no missing_listing_id. missing: absent from one complete listing. vanished: absent from two in a row.';
COMMENT ON COLUMN collector.backup.created_at IS 'When the backup was completed, floored to the microsecond; created_at_ns holds the nanoseconds beyond.';
COMMENT ON COLUMN collector.backup.type IS 'Who made it, in the API''s word, as are method and status: also one that is not documented.';
COMMENT ON COLUMN collector.backup.source_shard_names IS 'Empty where the API names none; NULL where the service has no such field, as databases.';
COMMENT ON COLUMN collector.backup.retain_until IS 'Floored to the microsecond; retain_until_ns holds the nanoseconds beyond.';
COMMENT ON COLUMN collector.backup.fingerprint IS '16-byte digest of the record''s bytes as received and of the parser''s version.';
COMMENT ON COLUMN collector.backup.last_seen_at IS 'Of a missing or vanished backup: the newest complete listing before it was missing, or first_seen_at where that is later. Of a live one NULL: its cluster''s observed_at says it.';
COMMENT ON COLUMN collector.backup.proof IS 'Constant word that makes the foreign keys demand a complete listing.';
COMMENT ON COLUMN collector.backup.extra IS 'Fields of the API that this version has no column for.';

CREATE TABLE collector.backup_change (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cluster_id text NOT NULL,
    backup_id text NOT NULL,
    listing_id bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    kind text NOT NULL,
    before jsonb,
    after jsonb,
    CONSTRAINT backup_change_kind_is_known CHECK (kind IN ('changed', 'missing', 'returned', 'vanished'))
-- As the ledger.
) WITH (autovacuum_vacuum_insert_scale_factor = 0.02);

-- With when and what in it, the past of a cluster is read from the index alone: its rows lie on a page each.
CREATE INDEX backup_change_cluster_idx ON collector.backup_change (cluster_id, backup_id, changed_at, kind);

-- Rows come in the order of these times, so a BRIN finds the newest and costs a write next to nothing.
CREATE INDEX backup_first_seen_idx ON collector.backup USING brin (first_seen_at);
CREATE INDEX backup_change_in_time_idx ON collector.backup_change USING brin (changed_at);

COMMENT ON TABLE collector.backup_change IS 'Append-only history of what happened to a backup after it was first seen.';
COMMENT ON COLUMN collector.backup_change.before IS 'Of kind changed: the old values of the columns that differ. Of kind returned: the state it returned from.';
COMMENT ON COLUMN collector.backup_change.after IS 'Of kind changed: the new values of the columns that differ.';

CREATE TABLE collector.quarantine (
    quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cluster_id text NOT NULL REFERENCES collector.cluster (cluster_id),
    fingerprint bytea NOT NULL,
    backup_id text,
    field text,
    reason text NOT NULL,
    raw bytea NOT NULL,
    raw_size_bytes bigint NOT NULL,
    first_listing_id bigint NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_listing_id bigint NOT NULL,
    last_seen_at timestamptz NOT NULL,
    CONSTRAINT quarantine_keeps_a_record_once UNIQUE (cluster_id, fingerprint)
);

COMMENT ON TABLE collector.quarantine IS 'Records that could not be stored exactly, as received, with the reason.';
COMMENT ON COLUMN collector.quarantine.raw IS 'The first MiB of the record''s bytes as received; raw_size_bytes is its whole length.';

CREATE SEQUENCE collector.discovery_id_seq AS bigint CACHE 1;

COMMENT ON SEQUENCE collector.discovery_id_seq IS 'Drawn before the first request of a discovery: a higher id means a discovery that began later.';

CREATE TABLE collector.discovery_source (
    source text PRIMARY KEY,
    kind text NOT NULL,
    folder_id text,
    service text,
    cloud_id text,
    active boolean NOT NULL,
    last_discovery_id bigint NOT NULL DEFAULT 0,
    failed_discovery_id bigint NOT NULL DEFAULT 0,
    observed_at timestamptz,
    CONSTRAINT discovery_source_kind_is_known CHECK (kind IN ('folder', 'cloud')),
    CONSTRAINT discovery_source_of_a_folder_has_a_service CHECK (
        (kind = 'folder') = (folder_id IS NOT NULL) AND (kind = 'folder') = (service IS NOT NULL)
    ),
    CONSTRAINT discovery_source_of_a_cloud_names_it CHECK (kind = 'folder' OR cloud_id IS NOT NULL)
);

COMMENT ON TABLE collector.discovery_source IS 'Where clusters are found: one row for each folder and service, and for each cloud. Its row is the fence of what is found there.';
COMMENT ON COLUMN collector.discovery_source.cloud_id IS 'The cloud itself, or that through which the folder was found.';
COMMENT ON COLUMN collector.discovery_source.active IS 'False once the newest sweep''s configuration leads there no longer.';
COMMENT ON COLUMN collector.discovery_source.last_discovery_id IS 'The fence: the newest discovery that was stored. An older one is refused.';
COMMENT ON COLUMN collector.discovery_source.failed_discovery_id IS 'The newest discovery that was led there and could not read it: an older one does not take the source for left.';
COMMENT ON COLUMN collector.discovery_source.observed_at IS 'When its newest complete reading began, on the database''s clock.';

CREATE TABLE collector.discovery (
    discovery_id bigint NOT NULL,
    source text NOT NULL REFERENCES collector.discovery_source (source),
    trace_id text NOT NULL,
    outcome text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT now(),
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
    PRIMARY KEY (discovery_id, source),
    CONSTRAINT discovery_outcome_is_known CHECK (outcome IN ('complete', 'partial', 'held', 'failed', 'superseded')),
    CONSTRAINT discovery_failed_with_an_error CHECK ((outcome = 'failed') = (error IS NOT NULL)),
    CONSTRAINT discovery_finds_gone_only_when_complete CHECK (outcome = 'complete' OR gone = 0)
);

CREATE INDEX discovery_source_idx ON collector.discovery (source, discovery_id);

COMMENT ON TABLE collector.discovery IS 'The ledger of discoveries: one row for each reading of one source, also for those that failed.';
COMMENT ON COLUMN collector.discovery.trace_id IS 'That of the sweep it belongs to, which begins after it.';

CREATE TABLE collector.discovered_cluster (
    cluster_id text PRIMARY KEY,
    source text NOT NULL REFERENCES collector.discovery_source (source),
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
    stopped_since timestamptz,
    stopped_after timestamptz,
    first_seen_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    last_seen_at timestamptz,
    gone_since timestamptz,
    CONSTRAINT discovered_cluster_id_is_safe_in_a_path CHECK (cluster_id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$'),
    CONSTRAINT discovered_cluster_labels_are_an_object CHECK (jsonb_typeof(labels) = 'object'),
    CONSTRAINT discovered_cluster_gone_is_whole CHECK ((gone_since IS NULL) = (last_seen_at IS NULL)),
    CONSTRAINT discovered_cluster_stopped_is_whole CHECK (
        (stopped_since IS NOT NULL) = (status IS NOT DISTINCT FROM 'STOPPED')
    )
);

CREATE INDEX discovered_cluster_source_idx ON collector.discovered_cluster (source);

COMMENT ON TABLE collector.discovered_cluster IS 'Every cluster that a discovery ever saw, as the API describes it, also those that the configuration''s filters leave out.';
COMMENT ON COLUMN collector.discovered_cluster.matched IS 'Whether an entry of the configuration wanted it when it was last read.';
COMMENT ON COLUMN collector.discovered_cluster.stopped_since IS 'Start of the first reading that described it as STOPPED; NULL while it is not. Where that is first_seen_at, nobody knows since when.';
COMMENT ON COLUMN collector.discovered_cluster.stopped_after IS 'Start of the newest reading before stopped_since, which described it otherwise: it was stopped between the two. NULL: it is not stopped, or nobody saw it run.';
COMMENT ON COLUMN collector.discovered_cluster.changed_at IS 'Start of the reading that last wrote this row: it found something new, or was not complete. That it is still so, its source''s observed_at says.';
COMMENT ON COLUMN collector.discovered_cluster.last_seen_at IS 'Of a cluster that is gone: the newest reading known to hold it. Of one that is there NULL: its source''s observed_at says it.';
COMMENT ON COLUMN collector.discovered_cluster.gone_since IS 'Start of the complete reading that named it no longer.';

CREATE TABLE collector.cluster_change (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cluster_id text NOT NULL,
    discovery_id bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    kind text NOT NULL,
    before jsonb,
    after jsonb,
    CONSTRAINT cluster_change_kind_is_known CHECK (
        kind IN (
            'renamed', 'labels_changed', 'status_changed', 'schedule_changed', 'schedule_weakened', 'gone', 'returned'
        )
    )
);

CREATE INDEX cluster_change_cluster_idx ON collector.cluster_change (cluster_id, change_id);

COMMENT ON TABLE collector.cluster_change IS 'Append-only history of what the API said of a cluster after it was first seen.';

-- migrate:down
DROP TABLE collector.cluster_change, collector.discovered_cluster, collector.discovery, collector.discovery_source;
DROP SEQUENCE collector.discovery_id_seq;
DROP TABLE collector.quarantine, collector.backup_change, collector.backup, collector.index_set, collector.listing, collector.cluster, collector.sweep;
DROP SEQUENCE collector.listing_id_seq;
