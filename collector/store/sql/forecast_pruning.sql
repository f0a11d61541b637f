-- Count what is past its age; a null age keeps.
SELECT
    backups,
    changes,
    listings,
    quarantined,
    sweeps,
    discoveries
FROM collector.forecast_pruning(make_interval(secs => $1::float8), make_interval(secs => $2::float8))
