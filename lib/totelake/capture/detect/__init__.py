"""What has changed: the bookmark, how each table is searched, the circuit breaker."""
