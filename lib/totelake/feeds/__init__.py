"""Feeds: sources that are no database. Their records become batches of the same form as those of a capture."""
