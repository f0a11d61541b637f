-- Close the sweeps that were killed: still running after their own deadline.
UPDATE collector.sweep
SET outcome = 'aborted', finished_at = now()
WHERE outcome = 'running' AND deadline_at < now() - INTERVAL '1 minute'
