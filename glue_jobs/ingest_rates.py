"""Glue job: take the exchange rates of the days that are not there yet, and commit them to the ingestion bucket."""

from totelake.feeds.rates.ingest import ingest_rates
from totelake.runtime import run_job
from totelake.runtime.job_arguments import IngestRatesArguments

if __name__ == "__main__":
    run_job(ingest_rates, IngestRatesArguments)
