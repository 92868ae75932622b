"""The ports: an object store, the Data Catalog, PostgreSQL. Adapters translate their errors once, into ours."""
