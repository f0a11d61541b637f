-- Create the database :name unless it is there; one caller at a time, so that two do not both find it missing.
SELECT
    pg_advisory_lock(hashtext('create_database'))
\g /dev/null
SELECT
    format('CREATE DATABASE %I TEMPLATE template0', :'name')
WHERE
    NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name')
\gexec
