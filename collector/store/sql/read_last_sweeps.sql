-- When the newest sweep began, the newest finished one ended and how, and the newest complete one ended.
SELECT
    (SELECT started_at FROM inventory.sweeps ORDER BY sweep_id DESC LIMIT 1) AS started_at,
    finished.finished_at,
    finished.outcome,
    (
        SELECT finished_at FROM inventory.sweeps
        WHERE outcome = 'complete' ORDER BY sweep_id DESC LIMIT 1
    ) AS completed_at
FROM (SELECT) AS one
LEFT JOIN LATERAL (
    SELECT
        finished_at,
        outcome
    FROM inventory.sweeps
    WHERE finished_at IS NOT NULL
    ORDER BY sweep_id DESC
    LIMIT 1
) AS finished ON true
