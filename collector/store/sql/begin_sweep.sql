-- Open a sweep.
INSERT INTO collector.sweep (deadline_at, trace_id, program_version, shard, clusters_selected)
VALUES (now() + make_interval(secs => $1), $2, $3, $4, $5)
RETURNING sweep_id, started_at
