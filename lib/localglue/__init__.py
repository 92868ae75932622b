"""The AWS Glue API on one machine. Jobs, triggers, workflows and crawlers really run."""

__version__ = "0.1.0"
