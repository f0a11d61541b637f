-- Draw the fence for listings whose first page is about to be asked for, with the time.
SELECT
    nextval('collector.listing_id_seq') AS listing_id,
    clock_timestamp() AS started_at
FROM generate_series(1, $1)
