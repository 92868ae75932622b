"""catalog/pipeline.yaml and the arguments' classes agree: each job is given what its script reads, and all it needs."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from totelake.contracts.documents import read_folder
from totelake.contracts.pipeline import FUSED, SPLIT, pipeline_of
from totelake.runtime import job_arguments
from totelake.runtime.job_arguments import KINDS, FeedArguments, JobArguments, parse_arguments, unknown_arguments

SCRIPTS = ROOT / "glue_jobs"


def arguments_of(script: Path) -> type[JobArguments]:
    """The class that a script gives to `run_job(work, XArguments)`."""
    calls = [node for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    (call,) = (node for node in calls if ast.unparse(node.func) == "run_job")
    found: type[JobArguments] = getattr(job_arguments, ast.unparse(call.args[1]))
    return found


def jobs() -> Iterator[tuple[str, Path, Mapping[str, str]]]:
    """The jobs of both ways to publish: name, script, and what the deployment gives them."""
    files = read_folder(ROOT / "catalog")
    for way in (SPLIT, FUSED):
        pipeline: Any = pipeline_of(files, way)
        defaults = pipeline["defaults"]
        for name, job in pipeline["jobs"].items():
            shared = {**defaults.get("arguments", {}), **defaults[job["kind"]].get("arguments", {})}
            yield name, SCRIPTS / f"{job['script']}.py", {**shared, **job.get("arguments", {})}


JOBS = {name: (script, given) for name, script, given in jobs()}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_given_what_its_script_reads_and_all_that_it_needs(name: str) -> None:
    script, given = JOBS[name]
    words = [word for key, value in given.items() for word in (f"--{key}", str(value))]
    found = parse_arguments([script.name, *words], arguments_of(script))
    assert found.run.unknown == ()
    assert unknown_arguments(script.stem, given) == []


def test_the_argument_classes_by_script_are_those_of_the_scripts() -> None:
    assert {script.stem: arguments_of(script) for script in SCRIPTS.glob("*.py")} == KINDS


@pytest.mark.parametrize("name", JOBS)
def test_a_job_that_is_about_a_source_is_given_one(name: str) -> None:
    script, given = JOBS[name]
    is_about_one = "source" in {item.name for item in fields(arguments_of(script))}
    assert is_about_one is ("source" in given)
    assert name.endswith(f"-{given['source']}" if is_about_one else ("-lake", "-catalog", "-spark"))


def test_every_script_is_the_body_of_a_job() -> None:
    assert {script for script, _ in JOBS.values()} == set(SCRIPTS.glob("*.py"))


def test_every_class_of_arguments_is_some_scripts() -> None:
    kinds = {kind for kind in vars(job_arguments).values() if isinstance(kind, type) and issubclass(kind, JobArguments)}
    assert {arguments_of(script) for script in SCRIPTS.glob("*.py")} == kinds - {JobArguments, FeedArguments}
