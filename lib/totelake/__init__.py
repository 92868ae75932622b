"""From an operational PostgreSQL database through an S3 data lake to a star-schema warehouse, as AWS Glue jobs."""

__version__ = "0.1.0"
