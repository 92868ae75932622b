"""The star schemas: pure builders from events to rows, and the job that reads, builds, commits and publishes."""
