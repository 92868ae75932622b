"""Glue job: load everything pending into the warehouse, in one transaction."""

from totelake.runtime import run_job
from totelake.runtime.job_arguments import LoadArguments
from totelake.warehouse.load import load_warehouse

if __name__ == "__main__":
    run_job(load_warehouse, LoadArguments)
