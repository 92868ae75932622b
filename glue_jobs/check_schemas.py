"""Glue job: judge every new batch against the contracts, register it and fix the batch to build to."""

from totelake.registry.check import check_schemas
from totelake.runtime import run_job
from totelake.runtime.job_arguments import CheckArguments

if __name__ == "__main__":
    run_job(check_schemas, CheckArguments)
