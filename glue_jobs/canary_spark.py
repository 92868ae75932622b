"""Glue job: look at what a Spark job is given, before the pipeline relies on it."""

from totelake.canary.spark import canary_spark
from totelake.runtime import run_job
from totelake.runtime.job_arguments import CanarySparkArguments

if __name__ == "__main__":
    run_job(canary_spark, CanarySparkArguments)
