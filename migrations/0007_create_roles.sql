-- 0007: who may do what, and no more.
--
-- Why: the process that sweeps needs no right to delete, and people who read need none on the tables.
-- Locks: each table and view for an instant, where it changes its owner.
--
-- Roles belong to the whole server: they may be there already, another database may be making them now, and whoever
-- migrates may not be allowed to make any. None of that is an error: what exists gets its rights.

-- migrate:up
DO $$
DECLARE
    missing text;
BEGIN
    FOREACH missing IN ARRAY ARRAY['collector_owner', 'collector_migrator', 'collector_writer', 'collector_reader'] LOOP
        IF to_regrole(missing) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', missing);
            EXCEPTION
                WHEN insufficient_privilege THEN
                    RAISE NOTICE 'role % is not there, and this role may not make it', missing;
                WHEN duplicate_object OR unique_violation THEN
                    NULL; -- another database was faster
            END;
        END IF;
    END LOOP;
    -- The migrator alters what the owner owns. So does whoever made the roles: it has just made the tables.
    FOREACH missing IN ARRAY ARRAY['collector_migrator', current_user] LOOP
        IF to_regrole('collector_owner') IS NOT NULL
            AND to_regrole(quote_ident(missing)) IS NOT NULL
            AND NOT pg_has_role(missing, 'collector_owner', 'USAGE')
        THEN
            BEGIN
                EXECUTE format('GRANT collector_owner TO %I', missing);
            EXCEPTION
                WHEN insufficient_privilege THEN
                    RAISE NOTICE 'role % is no member of collector_owner, and this role may not make it one', missing;
                WHEN duplicate_object OR unique_violation THEN
                    NULL;
            END;
        END IF;
    END LOOP;
END
$$;

CREATE FUNCTION collector.grant_rights() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    statement text;
BEGIN
    IF to_regrole('collector_owner') IS NOT NULL AND pg_has_role('collector_owner', 'USAGE') THEN
        BEGIN
            FOR statement IN
                SELECT format('ALTER SCHEMA %I OWNER TO collector_owner', n.nspname)
                FROM pg_namespace AS n
                WHERE n.nspname IN ('collector', 'inventory') AND n.nspowner <> to_regrole('collector_owner')
                UNION ALL
                SELECT
                    format(
                        'ALTER %s %s OWNER TO collector_owner',
                        CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                        c.oid::regclass
                    )
                FROM pg_class AS c
                INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
                WHERE
                    n.nspname IN ('collector', 'inventory')
                    AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
                    AND c.relowner <> to_regrole('collector_owner')
                    -- The sequence of a column goes with its table.
                    AND NOT EXISTS (
                        SELECT FROM pg_depend AS d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND c.relkind = 'S'
                    )
                UNION ALL
                SELECT format('ALTER ROUTINE %s OWNER TO collector_owner', p.oid::regprocedure)
                FROM pg_proc AS p
                INNER JOIN pg_namespace AS n ON n.oid = p.pronamespace
                WHERE n.nspname IN ('collector', 'inventory') AND p.proowner <> to_regrole('collector_owner')
            LOOP
                EXECUTE statement;
            END LOOP;
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'collector_owner does not own all of it: %', SQLERRM;
        END;
    END IF;

    FOR statement IN
        SELECT format(s.statement, s.grantee)
        FROM (
            VALUES
            ('collector_writer', 'GRANT USAGE ON SCHEMA collector, inventory TO %I'),
            ('collector_writer', 'GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA collector TO %I'),
            -- What was migrated, and what is filled by hand, no sweep writes.
            ('collector_writer', 'REVOKE INSERT, UPDATE ON collector.migration, collector.engine_version FROM %I'),
            ('collector_writer', 'GRANT USAGE ON ALL SEQUENCES IN SCHEMA collector TO %I'),
            ('collector_writer', 'GRANT SELECT ON ALL TABLES IN SCHEMA inventory TO %I'),
            ('collector_writer', 'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA inventory TO %I'),
            ('collector_reader', 'GRANT USAGE ON SCHEMA inventory TO %I'),
            ('collector_reader', 'GRANT SELECT ON ALL TABLES IN SCHEMA inventory TO %I'),
            ('collector_reader', 'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA inventory TO %I')
        ) AS s (grantee, statement)
        WHERE to_regrole(s.grantee) IS NOT NULL
        UNION ALL
        -- A later migration makes this one: whose database it is, no sweep writes either.
        SELECT 'REVOKE INSERT, UPDATE ON collector.installation FROM collector_writer'
        WHERE to_regclass('collector.installation') IS NOT NULL AND to_regrole('collector_writer') IS NOT NULL
        UNION ALL
        SELECT 'REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA collector FROM PUBLIC'
        UNION ALL
        -- These delete by the owner's right, and refuse what is not history.
        SELECT format('GRANT EXECUTE ON ROUTINE %s TO collector_writer', p.oid::regprocedure)
        FROM pg_proc AS p
        WHERE
            p.pronamespace = to_regnamespace('collector')
            AND p.proname IN ('prune_cluster', 'prune_sweeps', 'forecast_pruning')
            AND to_regrole('collector_writer') IS NOT NULL
        UNION ALL
        -- What every role has by birth: files of its own on the server's disk and, until version 15, tables in public.
        SELECT format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC', d.datname)
        FROM pg_database AS d
        WHERE
            d.datname = current_database()
            AND pg_has_role(d.datdba, 'USAGE')
            AND has_database_privilege('public', d.oid, 'CREATE, TEMPORARY')
        UNION ALL
        SELECT 'REVOKE CREATE ON SCHEMA public FROM PUBLIC'
        FROM pg_namespace AS n
        WHERE
            n.nspname = 'public'
            AND pg_has_role(n.nspowner, 'USAGE')
            AND has_schema_privilege('public', n.oid, 'CREATE')
        UNION ALL
        -- A later migration may make a schema.
        SELECT format('GRANT CREATE ON DATABASE %I TO collector_owner', d.datname)
        FROM pg_database AS d
        WHERE
            d.datname = current_database()
            AND pg_has_role(d.datdba, 'USAGE')
            AND to_regrole('collector_owner') IS NOT NULL
            AND NOT has_database_privilege(to_regrole('collector_owner'), d.oid, 'CREATE')
    LOOP
        BEGIN
            EXECUTE statement;
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'not granted: %: %', statement, SQLERRM;
        END;
    END LOOP;
END
$$;

COMMENT ON FUNCTION collector.grant_rights IS 'Gives each of the roles that exist its rights on all that exists. The program calls it when it has migrated; after a migration by other means it is called by hand.';

SELECT collector.grant_rights();

-- migrate:down
-- The roles stay: they may have members, and rights in other databases of the server.
DO $$
DECLARE
    grantee text;
BEGIN
    FOREACH grantee IN ARRAY ARRAY['collector_writer', 'collector_reader'] LOOP
        IF to_regrole(grantee) IS NOT NULL THEN
            EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA collector, inventory FROM %I', grantee);
            EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA collector FROM %I', grantee);
            EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA collector, inventory FROM %I', grantee);
            EXECUTE format('REVOKE ALL ON SCHEMA collector, inventory FROM %I', grantee);
        END IF;
    END LOOP;
END
$$;
DROP FUNCTION collector.grant_rights;
