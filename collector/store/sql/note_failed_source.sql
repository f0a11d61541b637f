-- Remember that a discovery led to a source and could not read it: what it held stays, and an earlier one retires nothing.
UPDATE collector.discovery_source
SET failed_discovery_id = $2
WHERE source = $1 AND failed_discovery_id < $2
