"""What has changed: a look at the source, how each table is searched, moves of the bookmark, the circuit breaker."""
