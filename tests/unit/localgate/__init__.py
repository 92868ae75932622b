"""The gate, without servers: requests are those that boto3's own clients would send."""
