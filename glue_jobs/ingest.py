"""Glue job: capture what changed in a source and commit it to the ingestion bucket."""

from totelake.capture.ingest import ingest
from totelake.runtime import run_job
from totelake.runtime.job_arguments import IngestArguments

if __name__ == "__main__":
    run_job(ingest, IngestArguments)
