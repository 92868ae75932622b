"""The warehouse: tables from the contracts, the plan of a load, staging by JDBC, one transaction that publishes."""
