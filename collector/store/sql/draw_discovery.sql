-- Draw the fence of a discovery whose first request is about to be sent, with the time.
SELECT
    nextval('collector.discovery_id_seq') AS discovery_id,
    clock_timestamp() AS started_at
