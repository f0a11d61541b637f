-- Take the lease of the sweeps, or keep it, also where its row is gone; no row: another holds it.
INSERT INTO collector.lease AS lease (holder, epoch, expires_at)
VALUES ($1, 1, clock_timestamp() + make_interval(secs => $2))
ON CONFLICT (lease_id) DO UPDATE
SET
    epoch = lease.epoch + (lease.holder IS DISTINCT FROM $1 OR lease.expires_at < clock_timestamp())::integer,
    holder = excluded.holder,
    expires_at = excluded.expires_at
WHERE lease.holder IS NULL OR lease.holder = $1 OR lease.expires_at < clock_timestamp()
RETURNING epoch
