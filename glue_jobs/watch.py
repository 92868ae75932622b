"""Glue job: start the refresh when totesys has changes or earlier work is pending."""

from totelake.operate.watch import watch
from totelake.runtime import run_job

if __name__ == "__main__":
    run_job("watch", watch)
