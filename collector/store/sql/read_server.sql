-- What the server is, what its clock says, and which rights of a writer the role lacks; NULL where there is no inventory yet.
SELECT
    current_setting('server_version') AS version,
    current_setting('transaction_read_only') = 'off' AS takes_writes,
    has_database_privilege(current_database(), 'CREATE') AS may_create,
    extract(EPOCH FROM clock_timestamp())::double precision AS clock_s,
    bool_and(r.granted) AS may_write,
    array_agg(w.privilege || ' ON ' || n.nspname || '.' || c.relname ORDER BY w.place)
        FILTER (WHERE NOT r.granted) AS lacking
FROM (
    VALUES
    (1, 'sweep', 'SELECT'), (2, 'sweep', 'INSERT'), (3, 'sweep', 'UPDATE'),
    (4, 'cluster', 'SELECT'), (5, 'cluster', 'INSERT'), (6, 'cluster', 'UPDATE'),
    (7, 'listing', 'SELECT'), (8, 'listing', 'INSERT'), (9, 'listing_id_seq', 'USAGE'),
    (10, 'index_set', 'SELECT'), (11, 'index_set', 'INSERT'),
    (12, 'backup', 'SELECT'), (13, 'backup', 'INSERT'), (14, 'backup', 'UPDATE'),
    (15, 'backup_change', 'INSERT'),
    (16, 'quarantine', 'SELECT'), (17, 'quarantine', 'INSERT'), (18, 'quarantine', 'UPDATE'),
    (19, 'migration', 'SELECT'),
    (20, 'discovery_source', 'SELECT'), (21, 'discovery_source', 'INSERT'), (22, 'discovery_source', 'UPDATE'),
    (23, 'discovery', 'SELECT'), (24, 'discovery', 'INSERT'), (25, 'discovery_id_seq', 'USAGE'),
    (26, 'discovered_cluster', 'SELECT'), (27, 'discovered_cluster', 'INSERT'), (28, 'discovered_cluster', 'UPDATE'),
    (29, 'cluster_change', 'INSERT'),
    (30, 'lease', 'SELECT'), (31, 'lease', 'INSERT'), (32, 'lease', 'UPDATE'),
    (33, 'probe', 'SELECT'), (34, 'probe', 'UPDATE'),
    (35, 'installation', 'SELECT')
) AS w (place, relation, privilege)
INNER JOIN pg_catalog.pg_class AS c ON c.relname = w.relation
INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'collector'
CROSS JOIN LATERAL (
    SELECT
        has_schema_privilege(n.oid, 'USAGE')
        AND CASE c.relkind
            WHEN 'S' THEN has_sequence_privilege(c.oid, w.privilege)
            ELSE has_table_privilege(c.oid, w.privilege)
        END AS granted
) AS r
