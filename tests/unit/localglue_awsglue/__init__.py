"""Tests of the awsglue that localglue gives to jobs."""
