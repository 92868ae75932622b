"""Glue job: recover what a crash left undone, write the ledgers anew, delete garbage."""

from totelake.operate.maintain.job import maintain_lake
from totelake.runtime import run_job
from totelake.runtime.job_arguments import MaintainArguments

if __name__ == "__main__":
    run_job(maintain_lake, MaintainArguments)
