-- The role with which totelake loads the warehouse: it owns the schemas star, etl and staging, and has no right to any other.
-- Run it in the warehouse database, as its owner (psql 15 or newer); the password comes from the environment:
--   TOTELAKE_PASSWORD=... psql --set=role=totelake_loader --set=database=warehouse --file=warehouse_loader.sql "$WAREHOUSE_ADMIN_DSN"
\getenv password TOTELAKE_PASSWORD
CREATE ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE :"database" TO :"role";
ALTER DATABASE :"database" SET search_path = star, public;
-- an owner that is no superuser, as on RDS, gives schemas away only to a role of which it is a member
GRANT :"role" TO CURRENT_USER;
CREATE SCHEMA star AUTHORIZATION :"role";
CREATE SCHEMA etl AUTHORIZATION :"role";
CREATE SCHEMA staging AUTHORIZATION :"role";
REVOKE :"role" FROM CURRENT_USER;
