"""What a deployment gives its jobs, looked at by two jobs of its own before the pipeline relies on it."""
