-- What the server is, and whether this role could write the inventory; NULL where there is no inventory yet.
SELECT
    current_setting('server_version') AS version,
    current_setting('transaction_read_only') = 'off' AS takes_writes,
    bool_and(has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'SELECT')) AS may_write
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'collector' AND c.relkind = 'r' AND c.relname IN ('sweep', 'listing', 'cluster', 'backup')
