-- Close a sweep with what came of its clusters.
UPDATE collector.sweep
SET
    finished_at = now(),
    outcome = $2,
    clusters_complete = $3,
    clusters_partial = $4,
    clusters_held = $5,
    clusters_failed = $6,
    clusters_superseded = $7
WHERE sweep_id = $1 AND outcome = 'running'
RETURNING finished_at
