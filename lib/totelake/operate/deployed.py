"""The workflows and jobs of a deployment, by the names that Glue knows them by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from totelake.errors import ConfigurationError


@dataclass(frozen=True)
class Deployed:
    """Full names, in the order of catalog/pipeline.yaml."""

    workflows: tuple[str, ...]
    jobs: tuple[str, ...]


def deployed(pipeline: Mapping[str, Any], prefix: str, sources: Sequence[str] = (), workflow: str = "") -> Deployed:
    """What the pipeline deploys under a prefix: all of it, that of some sources, or one workflow and its jobs.

    A workflow may be named with or without the prefix. Raises ConfigurationError when there is none of that name.
    """
    names = _of_sources(pipeline["workflows"], sources)
    jobs = _of_sources(pipeline["jobs"], sources)
    if workflow:
        chosen = [name for name in names if workflow in (name, f"{prefix}-{name}")]
        if not chosen:
            raise ConfigurationError(f"there is no workflow {workflow}; name one of {', '.join(names)}")
        names, started = chosen, _started_by(pipeline["triggers"], chosen[0])
        jobs = [name for name in jobs if name in started]
    return Deployed(tuple(f"{prefix}-{name}" for name in names), tuple(f"{prefix}-{name}" for name in jobs))


def _of_sources(entries: Mapping[str, Any], sources: Sequence[str]) -> list[str]:
    return [name for name, entry in entries.items() if not sources or entry.get("source") in sources]


def _started_by(triggers: Mapping[str, Any], workflow: str) -> set[str]:
    return {job for item in triggers.values() if item.get("workflow") == workflow for job in item["jobs"]}
