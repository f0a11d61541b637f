-- How many clusters are covered, unlisted, gone and excluded, and whether their backups are watched.
SELECT
    coverage,
    managed,
    count(*) AS clusters
FROM inventory.coverage
GROUP BY coverage, managed
