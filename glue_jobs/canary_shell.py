"""Glue job: look at what a Python-shell job is given, before the pipeline relies on it."""

from totelake.canary.shell import canary_shell
from totelake.runtime import run_job
from totelake.runtime.job_arguments import CanaryShellArguments

if __name__ == "__main__":
    run_job(canary_shell, CanaryShellArguments)
