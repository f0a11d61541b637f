-- Move the fence of a source; only a complete reading says what is there.
UPDATE collector.discovery_source
SET
    last_discovery_id = $2,
    observed_at = CASE WHEN $4 THEN $3::timestamptz ELSE observed_at END
WHERE source = $1
