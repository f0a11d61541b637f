-- Take the lease of the sweeps, or keep it; no row: another holds it.
UPDATE collector.lease
SET
    epoch = epoch + (holder IS DISTINCT FROM $1 OR expires_at < clock_timestamp())::integer,
    holder = $1,
    expires_at = clock_timestamp() + make_interval(secs => $2)
WHERE holder IS NULL OR holder = $1 OR expires_at < clock_timestamp()
RETURNING epoch
