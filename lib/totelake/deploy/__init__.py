"""Deployment: what catalog/pipeline.yaml asks for, on AWS or on one machine."""

from __future__ import annotations

from totelake.deploy.deploy import deploy
from totelake.deploy.target import Target

__all__ = ["Target", "deploy"]
