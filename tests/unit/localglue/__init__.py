"""localglue's decisions, without servers."""
