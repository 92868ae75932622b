"""Glue job: append new versions of the facts to the processed zone and publish them."""

from totelake.runtime import run_job
from totelake.runtime.job_arguments import BuildArguments
from totelake.star.job import build_facts

if __name__ == "__main__":
    run_job(build_facts, BuildArguments)
