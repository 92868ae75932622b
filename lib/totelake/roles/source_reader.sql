-- The role with which totelake reads a source: it connects, sees the schema public and reads its tables, nothing else.
-- Run it in the source database, as the owner of its tables, who needs CREATEROLE (psql 15 or newer). All of it happens, or nothing. A second
-- time it gives the role the new password. The statement, which the server may log, has the password's verifier alone:
--   export TOTELAKE_PASSWORD=... TOTELAKE_VERIFIER; TOTELAKE_VERIFIER="$(python -m totelake.roles.verifier)" &&
--   psql --set=role=totelake_reader --set=database=DATABASE --file=source_reader.sql "$ADMIN_DSN"
\set ON_ERROR_STOP on
\getenv verifier TOTELAKE_VERIFIER
\if :{?verifier}
\else
\set verifier ''
\endif
SELECT :'verifier' NOT LIKE 'SCRAM-SHA-256$%' AS has_none \gset
\if :has_none
DO $$ BEGIN RAISE 'TOTELAKE_VERIFIER has no verifier: take what `python -m totelake.roles.verifier` prints, see docs/operations.md'; END $$;
\endif
BEGIN;
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') AS is_new \gset
\if :is_new
CREATE ROLE :"role" NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
\endif
ALTER ROLE :"role" LOGIN PASSWORD :'verifier';
ALTER ROLE :"role" SET default_transaction_read_only = on;
GRANT CONNECT ON DATABASE :"database" TO :"role";
GRANT USAGE ON SCHEMA public TO :"role";
GRANT SELECT ON ALL TABLES IN SCHEMA public TO :"role";
-- tables that this owner creates later, too
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO :"role";
COMMIT;
