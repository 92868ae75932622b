"""What runs and what has run: workflow runs, logs, bookmarks."""
