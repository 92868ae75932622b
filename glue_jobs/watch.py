"""Glue job: start the refresh of a source when it has changes or earlier work is pending."""

from totelake.operate.watch import watch
from totelake.runtime import run_job
from totelake.runtime.job_arguments import WatchArguments

if __name__ == "__main__":
    run_job(watch, WatchArguments)
