-- Sources to which the configuration leads no longer are no longer asked. What a later discovery read, or could not read,
-- stays as it is, and so do the folders of a cloud ($3) that is not believed to have lost them.
UPDATE collector.discovery_source
SET active = false
WHERE
    active
    AND greatest(last_discovery_id, failed_discovery_id) < $2
    AND source <> ALL($1::text [])
    AND (cloud_id IS NULL OR cloud_id <> ALL($3::text []))
