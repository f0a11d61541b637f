-- Remove a batch of what is past its age of one cluster; a null age keeps.
SELECT
    backups,
    changes,
    listings,
    quarantined
FROM collector.prune_cluster($1, make_interval(secs => $2::float8), make_interval(secs => $3::float8), $4::integer)
