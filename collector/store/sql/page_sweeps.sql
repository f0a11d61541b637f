-- One page of sweeps, the newest first.
SELECT
    now() AS read_at,
    sweep_id,
    outcome,
    started_at,
    finished_at,
    duration,
    shard,
    clusters_selected,
    clusters_complete,
    clusters_partial,
    clusters_held,
    clusters_failed,
    clusters_superseded,
    trace_id
FROM inventory.sweeps
WHERE sweep_id < $1
ORDER BY sweep_id DESC
LIMIT $2::integer
