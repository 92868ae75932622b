"""Glue job: capture what changed in totesys and commit it to the ingestion bucket."""

from totelake.capture.ingest import ingest_totesys
from totelake.runtime import run_job

if __name__ == "__main__":
    run_job("ingest_totesys", ingest_totesys)
