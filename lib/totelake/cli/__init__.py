"""The `totelake` command."""
