"""The two ways to publish that catalog/pipeline.yaml describes, and the pipeline of the one that it names; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from totelake.errors import ContractError

SPLIT, FUSED = "split", "fused"
_KEY, _RETIRED = "publish", "retired"
_PARTS = ("jobs", "triggers")


def active(pipeline: Mapping[str, Any]) -> Mapping[str, Any]:
    """The pipeline without jobs and triggers of the other way, whose names are in `retired`. Raises ContractError."""
    way = pipeline.get(_KEY, SPLIT)
    if way not in (SPLIT, FUSED):
        raise ContractError(f"catalog/pipeline.yaml: {_KEY} is '{way}'; use {SPLIT} or {FUSED}")
    if _RETIRED in pipeline:
        return pipeline
    kept = {part: {name: item for name, item in pipeline.get(part, {}).items() if item.get(_KEY, way) == way}
            for part in _PARTS}  # fmt: skip
    retired = {part: [name for name in pipeline.get(part, {}) if name not in kept[part]] for part in _PARTS}
    return {**pipeline, **kept, _RETIRED: retired}
