"""Glue job: what the builders and the load do, in one Spark session."""

from totelake.runtime import run_job
from totelake.runtime.job_arguments import BuildAndLoadArguments
from totelake.warehouse.fused import build_and_load

if __name__ == "__main__":
    run_job(build_and_load, BuildAndLoadArguments)
