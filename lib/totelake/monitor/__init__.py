"""The run monitor: what the pipeline does and how far everything is, gathered once, and shown as a page."""
