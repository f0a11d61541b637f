CREATE SCHEMA collector;
CREATE SCHEMA inventory;
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
CREATE TABLE collector.index_set (
    index_set_id uuid NOT NULL,
    names text[] NOT NULL
);
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
INSERT INTO collector.listing VALUES (1, 1, 'c9qone', 'complete', 'cluster', '2026-11-20 01:00:00+00', '2026-11-20 00:00:00+00', 1, 1, 0, 0, 0, 900, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL);
INSERT INTO collector.listing VALUES (2, 1, 'c9qtwo', 'complete', 'cluster', '2026-11-20 01:00:00+00', '2026-11-20 00:00:00+00', 1, 1, 0, 0, 0, 400, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL);
INSERT INTO collector.listing VALUES (3, 2, 'c9qone', 'complete', 'cluster', '2026-11-20 02:00:00+00', '2026-11-20 00:00:00+00', 1, 1, 0, 0, 0, 600, 2, 0, 0, 2, 1, 0, 0, 0, 0, 0, NULL, NULL, NULL);
INSERT INTO collector.listing VALUES (4, 2, 'c9qtwo', 'complete', 'cluster', '2026-11-20 02:00:00+00', '2026-11-20 00:00:00+00', 1, 1, 0, 0, 0, 400, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL);
INSERT INTO collector.listing VALUES (5, 3, 'c9qone', 'complete', 'cluster', '2026-11-20 03:00:00+00', '2026-11-20 00:00:00+00', 1, 1, 0, 0, 0, 300, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, NULL, NULL, NULL);
INSERT INTO collector.listing VALUES (6, 3, 'c9qtwo', 'failed', 'cluster', '2026-11-20 03:00:00+00', '2026-11-20 00:00:00+00', 0, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'unavailable', 'the API answered 503', NULL);
INSERT INTO collector.migration VALUES (1, 'create_tables', 'ba5ccf40a67bc73ee47dfb840b2eb0c61ff3e5e5b8716203f03e71c0a3df4ce7', '0', '2026-11-20 00:00:00+00');
INSERT INTO collector.migration VALUES (2, 'create_inventory', '44c6d3894c57c7e992a0434a6368702b407fe1fe685304a0c6338918ceccba15', '0', '2026-11-20 00:00:00+00');
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
ALTER TABLE ONLY collector.index_set
    ADD CONSTRAINT index_set_pkey PRIMARY KEY (index_set_id);
ALTER TABLE ONLY collector.listing
    ADD CONSTRAINT listing_can_be_cited_as_proof UNIQUE (cluster_id, listing_id, outcome);
ALTER TABLE ONLY collector.listing
    ADD CONSTRAINT listing_pkey PRIMARY KEY (listing_id);
ALTER TABLE ONLY collector.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (version);
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
