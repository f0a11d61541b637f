-- Append what has changed about clusters.
INSERT INTO collector.cluster_change (cluster_id, discovery_id, changed_at, kind, before, after)
SELECT
    n.cluster_id,
    $1,
    $2::timestamptz,
    n.kind,
    n.before,
    n.after
FROM unnest($3::text [], $4::text [], $5::jsonb [], $6::jsonb []) WITH ORDINALITY
    AS n (cluster_id, kind, before, after, place)
ORDER BY n.place
