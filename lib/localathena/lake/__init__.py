"""Tables of the Data Catalog and the objects in S3 that they are made of, as DuckDB reads them."""
