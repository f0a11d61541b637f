-- Which newest live backup holds an index, and how large is it?
SELECT DISTINCT ON (index_name)
    index_name,
    b.cluster_name AS cluster,
    b.created_at_text AS created_at,
    pg_size_pretty(b.size_bytes) AS size
FROM inventory.backups AS b
CROSS JOIN LATERAL unnest(b.indices) AS index_name
WHERE b.state = 'live' AND index_name NOT LIKE '.%'
ORDER BY index_name, b.created_at DESC, b.created_at_ns DESC
LIMIT 4
