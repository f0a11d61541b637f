-- 0003: a backup edited or deleted by hand is read anew by the next sweep.
--
-- Why: a sweep skips what has a known fingerprint, so a row changed behind its back would stay wrong for ever.
-- Locks: none, the table is new.

-- migrate:up
CREATE FUNCTION collector.forget_edited_backup() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        UPDATE collector.cluster SET listing_digest = NULL WHERE listing_digest IS NOT NULL;
        RETURN NULL;
    END IF;
    UPDATE collector.cluster SET listing_digest = NULL WHERE cluster_id = OLD.cluster_id;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    -- One that no record has, and no other edited row either: fingerprints tell a cluster's backups apart.
    NEW.fingerprint := uuid_send(gen_random_uuid());
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION collector.forget_edited_backup IS 'Forgets the fingerprint of a backup whose values changed without it, and the digest of its cluster.';

CREATE TRIGGER backup_edited_by_hand
BEFORE UPDATE ON collector.backup
FOR EACH ROW
WHEN (
    old.fingerprint = new.fingerprint
    AND (
        old.backup_id, old.folder_id, old.source_cluster_id, old.started_at, old.started_at_ns, old.created_at,
        old.created_at_ns, old.index_set_id, old.opensearch_version, old.size_bytes, old.indices_total,
        old.incremental_size_bytes, old.total_size_bytes, old.free_space_required_bytes, old.extra,
        old.type, old.method, old.status, old.journal_size_bytes, old.shared_size_bytes, old.source_shard_names,
        old.databases, old.retention_policy_id, old.retention_policy_name, old.retain_until,
        old.retain_until_ns, old.elasticsearch_version
    )
    IS DISTINCT FROM
    (
        new.backup_id, new.folder_id, new.source_cluster_id, new.started_at, new.started_at_ns, new.created_at,
        new.created_at_ns, new.index_set_id, new.opensearch_version, new.size_bytes, new.indices_total,
        new.incremental_size_bytes, new.total_size_bytes, new.free_space_required_bytes, new.extra,
        new.type, new.method, new.status, new.journal_size_bytes, new.shared_size_bytes, new.source_shard_names,
        new.databases, new.retention_policy_id, new.retention_policy_name, new.retain_until,
        new.retain_until_ns, new.elasticsearch_version
    )
)
EXECUTE FUNCTION collector.forget_edited_backup();

CREATE TRIGGER backup_deleted_by_hand
BEFORE DELETE ON collector.backup
FOR EACH ROW
-- No listing holds a vanished one, so none has to be read anew for it.
WHEN (old.vanished_listing_id IS NULL)
EXECUTE FUNCTION collector.forget_edited_backup();

CREATE TRIGGER backup_truncated_by_hand
BEFORE TRUNCATE ON collector.backup
FOR EACH STATEMENT EXECUTE FUNCTION collector.forget_edited_backup();

-- migrate:down
DROP TRIGGER backup_truncated_by_hand ON collector.backup;
DROP TRIGGER backup_deleted_by_hand ON collector.backup;
DROP TRIGGER backup_edited_by_hand ON collector.backup;
DROP FUNCTION collector.forget_edited_backup;
