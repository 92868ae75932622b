"""The run monitor."""
