"""The AWS Glue API on one machine: jobs, triggers, workflows and crawlers that really run."""
