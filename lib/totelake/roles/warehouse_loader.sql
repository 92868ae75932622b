-- The role with which totelake loads the warehouse: it owns the schemas star, etl and staging, and has no right to any other.
-- Run it in the warehouse database, as its owner, who needs CREATEROLE (psql 15 or newer). All of it happens, or nothing. A second
-- time it gives the role the new password. The statement, which the server may log, has the password's verifier alone:
--   export TOTELAKE_PASSWORD=... TOTELAKE_VERIFIER; TOTELAKE_VERIFIER="$(python -m totelake.roles.verifier)" &&
--   psql --set=role=totelake_loader --set=database=warehouse --file=warehouse_loader.sql "$WAREHOUSE_ADMIN_DSN"
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
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE :"database" TO :"role";
ALTER DATABASE :"database" SET search_path = star, public;
-- an owner that is no superuser, as on RDS, gives schemas away only to a role of which it is a member
GRANT :"role" TO CURRENT_USER;
CREATE SCHEMA IF NOT EXISTS star AUTHORIZATION :"role";
CREATE SCHEMA IF NOT EXISTS etl AUTHORIZATION :"role";
CREATE SCHEMA IF NOT EXISTS staging AUTHORIZATION :"role";
-- one that was there and is another's is refused here
ALTER SCHEMA star OWNER TO :"role";
ALTER SCHEMA etl OWNER TO :"role";
ALTER SCHEMA staging OWNER TO :"role";
REVOKE :"role" FROM CURRENT_USER;
COMMIT;
