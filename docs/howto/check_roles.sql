-- Try what each role must not do; nothing stays of it. To be run in the inventory's database by a role that may become
-- the others, such as a superuser: `psql -v ON_ERROR_STOP=1 -f check_roles.sql`. It says how much was refused, or fails
-- and names what was not. A role that does not exist is passed over.
DO $$
DECLARE
    attempt record;
    complaint text;
    complaints text[] := '{}';
    tried integer := 0;
BEGIN
    FOR attempt IN
        SELECT
            r.role,
            s.statement
        FROM (
            VALUES
            ('{collector_writer,collector_reader}'::text[], 'DELETE FROM collector.backup'),
            ('{collector_writer,collector_reader}', 'DELETE FROM collector.listing'),
            ('{collector_writer,collector_reader}', 'DELETE FROM collector.sweep'),
            ('{collector_writer,collector_reader}', 'DELETE FROM inventory.sweeps'),
            ('{collector_writer,collector_reader}', 'TRUNCATE collector.backup_change'),
            ('{collector_writer,collector_reader}', 'TRUNCATE collector.cluster CASCADE'),
            ('{collector_writer,collector_reader}', 'INSERT INTO collector.migration VALUES (0, '''', '''', '''')'),
            ('{collector_writer,collector_reader}', 'UPDATE collector.migration SET checksum = '''''),
            ('{collector_writer,collector_reader}', 'INSERT INTO collector.engine_version VALUES (''a'', ''b'', ''infinity'', ''c'')'),
            ('{collector_writer,collector_reader}', 'UPDATE collector.installation SET installation_id = DEFAULT'),
            ('{collector_writer,collector_reader}', 'UPDATE inventory.sweeps SET outcome = ''complete'''),
            ('{collector_writer,collector_reader}', 'SELECT setval(''collector.listing_id_seq'', 1)'),
            ('{collector_writer,collector_reader}', 'ALTER TABLE collector.backup DISABLE TRIGGER USER'),
            ('{collector_writer,collector_reader}', 'ALTER TABLE collector.backup DROP COLUMN extra'),
            ('{collector_writer,collector_reader}', 'CREATE OR REPLACE VIEW inventory.freshness AS SELECT 1 AS service'),
            ('{collector_writer,collector_reader}', 'CREATE INDEX ON collector.backup (size_bytes)'),
            ('{collector_writer,collector_reader}', 'DROP TABLE collector.quarantine'),
            ('{collector_writer,collector_reader}', 'DROP VIEW inventory.freshness CASCADE'),
            ('{collector_writer,collector_reader}', 'DROP SCHEMA inventory CASCADE'),
            ('{collector_writer,collector_reader}', 'CREATE TABLE collector.mine (x integer)'),
            ('{collector_writer,collector_reader}', 'CREATE VIEW inventory.mine AS SELECT 1 AS x'),
            ('{collector_writer,collector_reader}', 'CREATE FUNCTION inventory.mine() RETURNS integer LANGUAGE sql RETURN 1'),
            ('{collector_writer,collector_reader}', 'CREATE TEMPORARY TABLE mine (x integer)'),
            ('{collector_writer,collector_reader}', 'CREATE SCHEMA mine'),
            ('{collector_writer,collector_reader}', 'CREATE TABLE public.mine (x integer)'),
            ('{collector_writer,collector_reader}', 'SELECT collector.grant_rights()'),
            ('{collector_reader}', 'SELECT FROM collector.backup'),
            ('{collector_reader}', 'SELECT FROM collector.migration'),
            ('{collector_reader}', 'SELECT FROM collector.quarantine'),
            ('{collector_reader}', 'SELECT nextval(''collector.listing_id_seq'')'),
            ('{collector_reader}', 'INSERT INTO collector.lease DEFAULT VALUES'),
            ('{collector_reader}', 'UPDATE collector.probe SET probed_at = now()'),
            ('{collector_reader}', 'UPDATE collector.cluster SET listing_digest = NULL'),
            ('{collector_owner,collector_migrator,collector_writer,collector_reader}', 'CREATE ROLE mine'),
            ('{collector_owner,collector_migrator,collector_writer,collector_reader}', 'ALTER ROLE collector_reader LOGIN'),
            ('{collector_owner,collector_migrator,collector_writer,collector_reader}', 'SELECT FROM pg_catalog.pg_authid'),
            ('{collector_owner,collector_migrator,collector_writer,collector_reader}', 'COPY (SELECT 1) TO PROGRAM ''true''')
        ) AS s (roles, statement)
        CROSS JOIN unnest(s.roles) AS r (role)
        WHERE to_regrole(r.role) IS NOT NULL
    LOOP
        tried := tried + 1;
        complaint := format('%s may: %s', attempt.role, attempt.statement);
        BEGIN
            EXECUTE format('SET LOCAL ROLE %I', attempt.role);
            EXECUTE attempt.statement;
            RAISE EXCEPTION USING ERRCODE = 'RLB0K'; -- so that nothing stays of what was allowed
        EXCEPTION
            WHEN insufficient_privilege THEN
                complaint := NULL;
            WHEN SQLSTATE 'RLB0K' THEN
                NULL;
            WHEN OTHERS THEN
                complaint := format('%s fails for another reason than a lacking right: %s: %s', attempt.role, attempt.statement, SQLERRM);
        END;
        complaints := complaints || complaint;
    END LOOP;
    complaints := array_remove(complaints, NULL) || ARRAY(
        SELECT format('%s may act as %s', a.role, b.role)
        FROM unnest('{collector_writer,collector_reader}'::text[]) AS a (role)
        CROSS JOIN unnest('{collector_owner,collector_migrator,collector_writer}'::text[]) AS b (role)
        WHERE
            a.role <> b.role
            AND to_regrole(a.role) IS NOT NULL
            AND to_regrole(b.role) IS NOT NULL
            AND pg_has_role(a.role, b.role, 'MEMBER')
    );
    IF cardinality(complaints) > 0 THEN
        RAISE EXCEPTION E'% of % attempts were not refused:\n%', cardinality(complaints), tried, array_to_string(complaints, E'\n')
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RAISE NOTICE 'all % attempts were refused', tried;
END
$$;
