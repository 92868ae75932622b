"""What looks after the whole: watch, maintenance, reconciliation, runs, logs, positions, cost."""
