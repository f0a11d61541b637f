-- Lock all sources until the end of the transaction, in one order, and read their fences.
SELECT
    source,
    last_discovery_id
FROM collector.discovery_source
ORDER BY source
FOR UPDATE
