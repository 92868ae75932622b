"""Glue job: take the records of files that are new or changed and commit them to the ingestion bucket."""

from totelake.feeds.files.ingest import ingest_files
from totelake.runtime import run_job
from totelake.runtime.job_arguments import IngestFilesArguments

if __name__ == "__main__":
    run_job(ingest_files, IngestFilesArguments)
