-- How many clusters have which verdict, and one page of them, the worst first. One row at least: the numbers alone.
WITH judged AS MATERIALIZED (
    SELECT
        service,
        cluster_id,
        cluster_name,
        labels,
        verdict,
        newest_backup_id,
        newest_created_at,
        newest_created_at_ns,
        backup_age,
        max_age,
        observed_at,
        observation_age,
        expected,
        array_position(ARRAY['unknown', 'stale', 'fresh'], verdict) AS place,
        -- When it is or was due to be stale: unlike an age it stays the same while somebody turns the pages.
        coalesce((extract(EPOCH FROM newest_created_at + max_age) * 1000000)::bigint, -9000000000000000000) AS due_us
    FROM inventory.freshness
),

asked AS MATERIALIZED (
    SELECT *
    FROM judged
    WHERE
        labels @> $1::jsonb
        AND (
            $2::text = ''
            OR strpos(lower(cluster_id || ' ' || service || ' ' || coalesce(cluster_name, '')), lower($2)) > 0
        )
),

chosen AS (
    SELECT *
    FROM asked
    WHERE
        ($3::text = '' OR verdict = $3)
        AND (place, due_us, cluster_id) > ($4::integer, $5::bigint, $6::text)
    ORDER BY place, due_us, cluster_id
    LIMIT $7::integer
)

SELECT
    totals.*,
    chosen.*
FROM (
    SELECT
        now() AS read_at,
        (SELECT count(*) FROM judged) AS total,
        (
            SELECT jsonb_agg(jsonb_build_array(often.key, often.value, often.clusters))
            FROM (
                SELECT
                    label.key,
                    label.value,
                    count(*) AS clusters
                FROM judged
                CROSS JOIN LATERAL jsonb_each_text(judged.labels) AS label
                GROUP BY label.key, label.value
                ORDER BY clusters DESC, label.key, label.value
                LIMIT 100
            ) AS often
        ) AS common_labels,
        count(*) AS found,
        count(*) FILTER (WHERE asked.verdict = 'fresh') AS fresh,
        count(*) FILTER (WHERE asked.verdict = 'stale') AS stale,
        count(*) FILTER (WHERE asked.verdict = 'unknown') AS unknown
    FROM asked
) AS totals
LEFT JOIN chosen ON true
ORDER BY chosen.place, chosen.due_us, chosen.cluster_id
