"""Tests of the awsglue that localglue gives to jobs, with Spark and S3."""
