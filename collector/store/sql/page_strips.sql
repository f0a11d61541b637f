-- When the backups of some clusters were completed within a span, and where in it nobody looked.
SELECT
    k.cluster_id,
    had.times,
    had.gone_times,
    looked.unlooked_from,
    looked.unlooked_until,
    looked.blind_until
FROM unnest($1::text[]) AS asked (cluster_id)
INNER JOIN inventory.clusters AS k ON k.cluster_id = asked.cluster_id
CROSS JOIN LATERAL (
    SELECT
        coalesce(array_agg(b.created_at) FILTER (WHERE b.state <> 'vanished'), '{}') AS times,
        coalesce(array_agg(b.created_at) FILTER (WHERE b.state = 'vanished'), '{}') AS gone_times
    FROM (
        SELECT
            t.created_at,
            t.state
        FROM inventory.backup_times AS t
        WHERE
            t.cluster_id = k.cluster_id
            AND t.created_at > now() - $2::interval - k.max_age
            AND t.created_at <= now() + INTERVAL '1 hour'
            AND t.finished
        ORDER BY t.created_at DESC
        LIMIT $3::integer
    ) AS b
) AS had
CROSS JOIN LATERAL (
    SELECT
        coalesce(array_agg(h.hole_started_at ORDER BY h.hole_ended_at), '{}') AS unlooked_from,
        coalesce(array_agg(h.hole_ended_at ORDER BY h.hole_ended_at), '{}') AS unlooked_until,
        -- What was made and deleted again before that instant, within the hole, nobody can know.
        coalesce(
            array_agg(
                CASE
                    WHEN h.hole_ended_at = 'infinity' THEN now()
                    ELSE h.hole_ended_at - greatest(k.observation_max_age, k.retention)
                END
                ORDER BY h.hole_ended_at
            ),
            '{}'
        ) AS blind_until
    FROM (
        SELECT
            lag(l.started_at) OVER (ORDER BY l.started_at) AS hole_started_at,
            l.started_at AS hole_ended_at
        FROM (
            SELECT x.started_at
            FROM inventory.listings AS x
            WHERE
                x.cluster_id = k.cluster_id
                AND x.outcome = 'complete'
                AND x.started_at >= coalesce(
                    (
                        SELECT y.started_at
                        FROM inventory.listings AS y
                        WHERE
                            y.cluster_id = k.cluster_id
                            AND y.outcome = 'complete'
                            AND y.started_at <= now() - $2::interval
                        ORDER BY y.started_at DESC
                        LIMIT 1
                    ),
                    '-infinity'
                )
            UNION ALL
            SELECT 'infinity'::timestamptz
        ) AS l
    ) AS h
    WHERE
        h.hole_started_at IS NULL
        OR least(h.hole_ended_at, now()) - h.hole_started_at > k.observation_max_age
) AS looked
