"""The local stack: PostgreSQL, an AWS endpoint and localglue on one machine, started, watched and ended together."""
