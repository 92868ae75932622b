"""SQL over the lake and over the warehouse, for people."""
