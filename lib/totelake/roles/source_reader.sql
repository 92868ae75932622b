-- The role with which totelake reads a source: it connects, sees the schema public and reads its tables, nothing else.
-- Run it in the source database, as the owner of its tables (psql 15 or newer); the password comes from the environment:
--   TOTELAKE_PASSWORD=... psql --set=role=totelake_reader --set=database=DATABASE --file=source_reader.sql "$ADMIN_DSN"
\getenv password TOTELAKE_PASSWORD
CREATE ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
ALTER ROLE :"role" SET default_transaction_read_only = on;
GRANT CONNECT ON DATABASE :"database" TO :"role";
GRANT USAGE ON SCHEMA public TO :"role";
GRANT SELECT ON ALL TABLES IN SCHEMA public TO :"role";
-- tables that this owner creates later, too
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO :"role";
