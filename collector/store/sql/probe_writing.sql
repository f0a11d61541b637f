-- Write something, to learn whether anything can be written.
UPDATE collector.probe
SET probed_at = clock_timestamp()
RETURNING probe_id
