-- Remove a batch of sweeps and discoveries that are past their age; a null age keeps.
SELECT
    sweeps,
    discoveries
FROM collector.prune_sweeps(make_interval(secs => $1::float8), $2::integer)
