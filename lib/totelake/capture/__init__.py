"""Capture: what changed in the source since the last commit, found from one snapshot and judged by content."""
