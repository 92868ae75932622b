"""PostgreSQL as a source: session and snapshot, tables and their shapes, COPY, which server answers."""
