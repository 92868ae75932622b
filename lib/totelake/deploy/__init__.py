"""Deployment: what catalog/pipeline.yaml asks for, on AWS or on one machine."""
