-- A little of everything, put into the first schema; `python -m tests.schema_dumps` carries it through all that follow.
INSERT INTO collector.sweep (deadline_at, finished_at, outcome, trace_id, program_version, clusters_selected, clusters_complete, clusters_failed)
VALUES
('2026-11-20T01:30:00Z', '2026-11-20T01:01:00Z', 'complete', 'trace-1', '0.1.0', 2, 2, 0),
('2026-11-20T02:30:00Z', '2026-11-20T02:01:00Z', 'complete', 'trace-2', '0.1.0', 2, 2, 0),
('2026-11-20T03:30:00Z', '2026-11-20T03:01:00Z', 'partial', 'trace-3', '0.1.0', 2, 1, 1);

INSERT INTO collector.cluster (
    cluster_id, service, name, folder_id, labels, source, managed, max_age, observation_max_age, last_listing_id, complete_listing_id,
    observed_at, listing_digest
)
VALUES
('c9qone', 'opensearch', 'search', 'b1gfolder', '{"env": "prod"}', 'config', true, '26:00:00', '02:00:00', 5, 5, '2026-11-20T03:00:00Z', NULL),
('c9qtwo', 'postgresql', NULL, NULL, '{}', 'discovery', true, '26:00:00', '02:00:00', 6, 4, '2026-11-20T02:00:00Z', '\x00010203');

INSERT INTO collector.listing (
    listing_id, sweep_id, cluster_id, outcome, started_at, pages, requests, retries, throttles, restarts, bytes, listed, inserted,
    unchanged, missing, vanished, quarantined, error, message
)
VALUES
(1, 1, 'c9qone', 'complete', '2026-11-20T01:00:00Z', 1, 1, 0, 0, 0, 900, 3, 3, 0, 0, 0, 0, NULL, NULL),
(2, 1, 'c9qtwo', 'complete', '2026-11-20T01:00:00Z', 1, 1, 0, 0, 0, 400, 1, 1, 0, 0, 0, 0, NULL, NULL),
(3, 2, 'c9qone', 'complete', '2026-11-20T02:00:00Z', 1, 1, 0, 0, 0, 600, 2, 0, 2, 1, 0, 0, NULL, NULL),
(4, 2, 'c9qtwo', 'complete', '2026-11-20T02:00:00Z', 1, 1, 0, 0, 0, 400, 1, 0, 1, 0, 0, 0, NULL, NULL),
(5, 3, 'c9qone', 'complete', '2026-11-20T03:00:00Z', 1, 1, 0, 0, 0, 300, 1, 0, 1, 1, 1, 0, NULL, NULL),
(6, 3, 'c9qtwo', 'failed', '2026-11-20T03:00:00Z', 0, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'unavailable', 'the API answered 503');

SELECT setval('collector.listing_id_seq', 6);

INSERT INTO collector.index_set (index_set_id, names)
VALUES ('c3fcd3d7-6192-e400-7dfb-496cca67e13b', '{.kibana_1,logs}');

INSERT INTO collector.backup (
    cluster_id, backup_id, started_at, started_at_ns, created_at, created_at_ns, folder_id, source_cluster_id, index_set_id,
    opensearch_version, size_bytes, indices_total, fingerprint, first_seen_at, last_seen_at, missing_since, missing_listing_id,
    vanished_at, vanished_listing_id, vanish_reason, extra
)
VALUES
(
    'c9qone', 'live', '2026-11-20T00:00:00Z', 1, '2026-11-20T00:05:00.123456Z', 789, 'b1gfolder', 'c9qone',
    'c3fcd3d7-6192-e400-7dfb-496cca67e13b', '2.12', 9223372036854775807, 2, '\x01', '2026-11-20T01:00:00Z', NULL, NULL, NULL, NULL, NULL,
    NULL, '{"newField": [1, null]}'
),
(
    'c9qone', 'missing', '0001-01-01T00:00:00Z', 0, '9999-12-31T23:59:59.999999Z', 999, NULL, NULL, NULL, NULL, NULL, NULL, '\x02',
    '2026-11-20T01:00:00Z', '2026-11-20T02:00:00Z', '2026-11-20T03:00:00Z', 5, NULL, NULL, NULL, NULL
),
(
    'c9qone', 'vanished', NULL, NULL, '2026-11-19T00:05:00Z', 0, NULL, NULL, NULL, NULL, 1, NULL, '\x03', '2026-11-20T01:00:00Z',
    '2026-11-20T01:00:00Z', '2026-11-20T02:00:00Z', 3, '2026-11-20T03:00:00Z', 5, 'unknown', NULL
);

INSERT INTO collector.backup (
    cluster_id, backup_id, created_at, created_at_ns, type, method, status, journal_size_bytes, fingerprint, first_seen_at
)
VALUES ('c9qtwo', 'c9qtwo:base_1', '2026-11-20T00:00:00Z', 0, 'AUTOMATED', 'BASE', 'DONE', 7, '\x04', '2026-11-20T01:00:00Z');

INSERT INTO collector.backup_change (cluster_id, backup_id, listing_id, changed_at, kind, before, after)
VALUES
('c9qone', 'vanished', 3, '2026-11-20T02:00:00Z', 'missing', NULL, NULL),
('c9qone', 'live', 3, '2026-11-20T02:00:00Z', 'changed', '{"size_bytes": 1}', '{"size_bytes": 9223372036854775807}'),
('c9qone', 'missing', 5, '2026-11-20T03:00:00Z', 'missing', NULL, NULL),
('c9qone', 'vanished', 5, '2026-11-20T03:00:00Z', 'vanished', NULL, NULL);

INSERT INTO collector.quarantine (
    cluster_id, fingerprint, backup_id, field, reason, raw, raw_size_bytes, first_listing_id, first_seen_at, last_listing_id, last_seen_at
)
VALUES (
    'c9qone', '\x05', 'odd', 'sizeBytes', 'not an int64', '\x7b7d', 2, 1, '2026-11-20T01:00:00Z', 1, '2026-11-20T01:00:00Z'
);

INSERT INTO collector.discovery_source (source, kind, folder_id, service, active, last_discovery_id, observed_at)
VALUES ('folder/b1gfolder/postgresql', 'folder', 'b1gfolder', 'postgresql', true, 1, '2026-11-20T01:00:00Z');

INSERT INTO collector.discovery (
    discovery_id, source, trace_id, outcome, started_at, pages, requests, retries, throttles, bytes, listed, matched, skipped, gone
)
VALUES (1, 'folder/b1gfolder/postgresql', 'trace-1', 'complete', '2026-11-20T01:00:00Z', 1, 1, 0, 0, 200, 1, 1, 0, 0);

SELECT setval('collector.discovery_id_seq', 1);

INSERT INTO collector.discovered_cluster (
    cluster_id, source, service, folder_id, name, labels, status, matched, first_seen_at, changed_at
)
VALUES (
    'c9qtwo', 'folder/b1gfolder/postgresql', 'postgresql', 'b1gfolder', 'orders', '{}', 'RUNNING', true, '2026-11-20T01:00:00Z',
    '2026-11-20T01:00:00Z'
);

INSERT INTO collector.cluster_change (cluster_id, discovery_id, changed_at, kind, before, after)
VALUES ('c9qtwo', 1, '2026-11-20T01:00:00Z', 'status_changed', '"CREATING"', '"RUNNING"');
