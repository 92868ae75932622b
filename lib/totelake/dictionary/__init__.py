"""The data dictionary: a page for each table, from the contracts, the lineage and the schema registry."""
