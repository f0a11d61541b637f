-- 0005: which replica of the service sweeps, whether anything can be written, and what monitoring reads.
--
-- Why: of several replicas one sweeps; a probe that only reads calls a demoted server ready.
-- Locks: none, everything is new.

-- migrate:up
CREATE TABLE collector.lease (
    lease_id smallint PRIMARY KEY DEFAULT 1,
    holder uuid,
    epoch bigint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT lease_is_only_one CHECK (lease_id = 1)
) WITH (fillfactor = 10);

INSERT INTO collector.lease DEFAULT VALUES;

COMMENT ON TABLE collector.lease IS 'One row: which process of the service sweeps. It spares the API, no more: what keeps the inventory right is the fence.';
COMMENT ON COLUMN collector.lease.holder IS 'The process that holds it, by a number it drew when it started. NULL: given up.';
COMMENT ON COLUMN collector.lease.epoch IS 'How often the lease has changed hands, or was taken again after it had run out.';
COMMENT ON COLUMN collector.lease.expires_at IS 'Until when it is held, on the database''s clock.';

CREATE TABLE collector.probe (
    probe_id smallint PRIMARY KEY DEFAULT 1,
    probed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT probe_is_only_one CHECK (probe_id = 1)
) WITH (fillfactor = 10);

INSERT INTO collector.probe DEFAULT VALUES;

COMMENT ON TABLE collector.probe IS 'One row, written by /readyz to learn whether anything can be written.';

CREATE VIEW inventory.vitals AS
SELECT
    f.service,
    f.cluster_id,
    f.cluster_name,
    f.verdict,
    f.newest_created_at,
    f.backup_age,
    f.max_age,
    f.observation_age,
    f.live_backups,
    stored.live_bytes,
    c.observation_max_age,
    coalesce(merged.outcome = 'held', false) AS held,
    (
        SELECT count(*) FROM collector.quarantine AS q
        WHERE q.cluster_id = c.cluster_id AND q.last_listing_id = c.last_listing_id
    ) AS quarantined,
    CASE WHEN schedule.kind = 'schedule_weakened' THEN schedule.changed_at END AS schedule_weakened_at
FROM inventory.freshness AS f
INNER JOIN collector.cluster AS c ON c.cluster_id = f.cluster_id
-- Not the newest listing: one that failed has said nothing of what a held one found.
LEFT JOIN collector.listing AS merged ON merged.listing_id = c.last_listing_id
LEFT JOIN LATERAL (
    SELECT
        h.kind,
        h.changed_at
    FROM collector.cluster_change AS h
    WHERE h.cluster_id = c.cluster_id AND h.kind IN ('schedule_changed', 'schedule_weakened')
    ORDER BY h.change_id DESC
    LIMIT 1
) AS schedule ON true
CROSS JOIN LATERAL (
    SELECT coalesce(sum(coalesce(b.incremental_size_bytes, b.size_bytes)), 0) AS live_bytes
    FROM collector.backup AS b
    WHERE
        b.cluster_id = f.cluster_id
        AND b.vanished_listing_id IS NULL
        AND b.missing_listing_id IS NULL
) AS stored;

COMMENT ON VIEW inventory.vitals IS 'One row for each managed cluster: the numbers that collector serve shows at /metrics.';
COMMENT ON COLUMN inventory.vitals.service IS 'Which managed database.';
COMMENT ON COLUMN inventory.vitals.cluster_id IS 'The cluster.';
COMMENT ON COLUMN inventory.vitals.cluster_name IS 'Its name in the configuration; NULL: none.';
COMMENT ON COLUMN inventory.vitals.verdict IS 'fresh, stale or unknown: see freshness.';
COMMENT ON COLUMN inventory.vitals.newest_created_at IS 'When its newest live backup was completed, floored to the microsecond; NULL: none.';
COMMENT ON COLUMN inventory.vitals.backup_age IS 'The age of that backup.';
COMMENT ON COLUMN inventory.vitals.max_age IS 'How old it may be.';
COMMENT ON COLUMN inventory.vitals.observation_age IS 'How long ago the newest complete listing began; NULL: there is none.';
COMMENT ON COLUMN inventory.vitals.live_backups IS 'Its live backups.';
COMMENT ON COLUMN inventory.vitals.live_bytes IS 'What its live backups take up: of each what it added to the ones before, where the API says that, else its size.';
COMMENT ON COLUMN inventory.vitals.observation_max_age IS 'How old its newest complete listing may be.';
COMMENT ON COLUMN inventory.vitals.held IS 'Whether its newest listing that ended was held.';
COMMENT ON COLUMN inventory.vitals.quarantined IS 'Records of its newest listing that ended that could not be read exactly.';
COMMENT ON COLUMN inventory.vitals.schedule_weakened_at IS 'When its schedule was found to promise less than before; NULL: never, or it has changed again since without that.';

-- migrate:down
DROP VIEW inventory.vitals;
DROP TABLE collector.probe, collector.lease;
