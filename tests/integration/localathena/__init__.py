"""localathena against a real AWS endpoint on this machine, spoken to by boto3."""
