-- Give the lease of the sweeps up, if we hold it.
UPDATE collector.lease
SET holder = NULL, expires_at = clock_timestamp()
WHERE holder = $1
