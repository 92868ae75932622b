"""maintain_lake: what is done once a night: commits are recovered, ledgers rewritten, garbage deleted."""
