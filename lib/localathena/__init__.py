"""Amazon Athena on one machine: what its engine answers, without AWS and without a server of Java."""
