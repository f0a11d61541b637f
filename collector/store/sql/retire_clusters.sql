-- Clusters that left the configuration keep their rows, unmanaged.
UPDATE collector.cluster
SET managed = false
WHERE managed AND source = 'config' AND cluster_id <> ALL($1::text [])
