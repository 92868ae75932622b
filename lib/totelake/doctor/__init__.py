"""What of a machine, its environment, databases and AWS account would get in the way, each with its remedy."""
