-- Sources to which the configuration leads no longer are no longer asked.
UPDATE collector.discovery_source
SET active = false
WHERE active AND source <> ALL($1::text [])
