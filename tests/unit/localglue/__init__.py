"""The parts of localglue, without servers."""
