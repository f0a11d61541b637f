-- 0009: the database says which installation it is.
--
-- Why: a configuration that is paired with another's database takes all of its clusters for unmanaged. A configuration
-- can name the id of its own (`database.installation`), and a program that meets another writes nothing.
-- Locks: none that block writes, everything is new.
--
-- A dump keeps the id: what is restored from it is the same installation. A copy that is to be one of its own gets
-- another by hand: UPDATE collector.installation SET installation_id = DEFAULT.

-- migrate:up
CREATE TABLE collector.installation (
    is_only boolean PRIMARY KEY DEFAULT true,
    installation_id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT installation_is_only_one CHECK (is_only)
);

COMMENT ON TABLE collector.installation IS 'Which installation this database is: one row, made with the table. No sweep changes it.';
COMMENT ON COLUMN collector.installation.is_only IS 'Always true: there is no second row.';
COMMENT ON COLUMN collector.installation.installation_id IS 'What database.installation of a configuration is compared with, where it is set.';

INSERT INTO collector.installation DEFAULT VALUES;

-- migrate:down
DROP TABLE collector.installation;
