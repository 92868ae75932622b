"""Glue's rules for the definition and the start of a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from localapi.documents import Document
from localglue.commands import PYTHON_SHELL, SPARK
from localglue.errors import InvalidInput, with_hint

DPUS: Mapping[str, float] = {
    "Standard": 1, "G.025X": 0.25, "G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8, "G.12X": 12, "G.16X": 16,
    "R.1X": 1, "R.2X": 2, "R.4X": 4, "R.8X": 8, "Z.2X": 2,
}  # fmt: skip
"""The DPUs of one worker of each type."""
_DEFAULT_DPUS = 10.0
_SHELL_CAPACITIES = (0.0625, 1, 1.0)
_LEAST_WORKERS, _MOST_RETRIES, _MOST_MINUTES = 2, 10, 10080
_MOST_ARGUMENT_BYTES = 260 * 1024
_WORKERS = ("WorkerType", "NumberOfWorkers")
_Problem = tuple[str, str]
"""Glue's own words, empty where nobody quotes them, and what to do."""


def check_definition(job: Document) -> None:
    """Raises InvalidInput for the first rule that a job's definition breaks."""
    _raise_first(f"job {job['Name']}", _definition_problems(job))


def check_start(request: Document, job: Document) -> None:
    """Raises InvalidInput for the first rule that the start of a run breaks."""
    kind, given = job["Command"]["Name"], dict(request)
    if any(member in request for member in _WORKERS):
        given |= {member: job[member] for member in _WORKERS if member in job and member not in request}
    _raise_first(f"a run of job {job['Name']}", _common_problems(given, kind, job.get("GlueVersion")))


def capacity(job: Document) -> float:
    """The DPUs of a job or run: what it names, or those of its workers, or Glue's default."""
    for member in ("MaxCapacity", "AllocatedCapacity"):
        if member in job:
            return float(job[member])
    if "WorkerType" in job:
        return DPUS[job["WorkerType"]] * float(job["NumberOfWorkers"])
    return _DEFAULT_DPUS


def _raise_first(about: str, problems: Iterable[_Problem]) -> None:
    for words, hint in problems:
        raise InvalidInput(with_hint(words, f"{about}: {hint}") if words else f"{about}: {hint}")


def _definition_problems(job: Document) -> Iterable[_Problem]:
    command = job.get("Command", {})
    kind = command.get("Name")
    if kind not in (PYTHON_SHELL, SPARK):
        yield "", f"Command.Name is '{kind}'; localglue runs pythonshell and glueetl"
        return
    if not command.get("ScriptLocation", "").startswith("s3://"):
        yield "", "Command.ScriptLocation must be an s3:// address"
    yield from _common_problems(job, kind, job.get("GlueVersion"))
    retries = job.get("MaxRetries", 0)
    if not 0 <= retries <= _MOST_RETRIES:
        yield "", f"MaxRetries is {retries}; it may be 0 to {_MOST_RETRIES}"
    runs = job.get("ExecutionProperty", {}).get("MaxConcurrentRuns", 1)
    if runs < 1:
        yield "", f"ExecutionProperty.MaxConcurrentRuns is {runs}; allow at least one run"


def _common_problems(given: Document, kind: str, version: str | None) -> Iterable[_Problem]:
    yield from _capacity_problems(given, kind, version)
    if given.get("ExecutionClass") == "FLEX" and (kind != SPARK or (version and _number(version) < 3)):
        yield "", "ExecutionClass FLEX is for jobs of the command glueetl with GlueVersion 3.0 or newer"
    minutes = given.get("Timeout", 1)
    if minutes > _MOST_MINUTES:
        yield "", f"Timeout is {minutes} minutes; it may be no more than {_MOST_MINUTES}, seven days"
    for member in ("DefaultArguments", "NonOverridableArguments", "Arguments"):
        size = sum(len(name.encode()) + len(value.encode()) for name, value in given.get(member, {}).items())
        if size > _MOST_ARGUMENT_BYTES:
            yield "", f"{member} have {size} bytes, more than {_MOST_ARGUMENT_BYTES}; put large values in an object"


def _capacity_problems(given: Document, kind: str, version: str | None) -> Iterable[_Problem]:
    workers, number = given.get("WorkerType"), given.get("NumberOfWorkers")
    if kind == PYTHON_SHELL and (workers or number is not None):
        yield "", "a Python shell job has no WorkerType and NumberOfWorkers; set its MaxCapacity"
    if "MaxCapacity" in given and (workers or number is not None):
        words = "Please do not set Max Capacity if using Worker Type and Number of Workers."
        yield words, "remove MaxCapacity"
    if "MaxCapacity" in given and "AllocatedCapacity" in given:
        yield "Please set only Allocated Capacity or Max Capacity", "AllocatedCapacity is deprecated; remove it"
    if (workers is None) != (number is None):
        yield "Please set both Worker Type and Number of Workers.", "one of them is missing"
    if workers and number is not None and number < _LEAST_WORKERS:
        words = f"To use Worker Type {workers}, minimum allowed value of Number of Workers is {_LEAST_WORKERS}."
        yield words, f"NumberOfWorkers is {number}"
    if "MaxCapacity" in given:
        if kind == PYTHON_SHELL and given["MaxCapacity"] not in _SHELL_CAPACITIES:
            yield "", "MaxCapacity of a Python shell job is 0.0625 or 1"
        if kind == SPARK and version and _number(version) >= 2:
            yield "", f"a Spark job of GlueVersion {version} has no MaxCapacity; set WorkerType and NumberOfWorkers"


def _number(version: str) -> float:
    """The Glue version as a number; that of `auto` is the newest."""
    try:
        return float(version)
    except ValueError:
        return float("inf")
