"""maintain_lake: recovery of commits, ledgers written anew, expiry of garbage; what only a nightly look can do."""
