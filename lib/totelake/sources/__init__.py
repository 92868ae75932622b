"""A PostgreSQL database becomes a source of catalog/: what of it can be captured, and the contracts of its tables."""
