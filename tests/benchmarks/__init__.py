"""Comparisons that are measured, and tests of what measures."""
