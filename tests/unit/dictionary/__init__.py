"""The data dictionary."""
