"""Arguments from the `--name value` pairs that Glue gives a script, typed by the fields of a dataclass."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any, Callable

from totelake.errors import ConfigurationError

_REQUIRED, _CHOICES = "required", "choices"
_RUN = "run"
_BOOKMARK_WORDS = "job-bookmark-"
_MOST_DIGITS = 18
# what Glue passes on, or reads before the script starts; developer guide, "Using job parameters in AWS Glue jobs"
_GLUE_OWN = frozenset(
    [
        "JOB_NAME",
        "JOB_ID",
        "JOB_RUN_ID",
        "SECURITY_CONFIGURATION",
        "TempDir",
        "RedshiftTempDir",
        "WORKFLOW_NAME",
        "WORKFLOW_RUN_ID",
        "job-bookmark-option",
        "job-bookmark-from",
        "job-bookmark-to",
        "job-language",
        "library-set",
        "python-version",
        "debug",
        "endpoint",
        "scriptLocation",
        "encryption-type",
        "extra-py-files",
        "extra-files",
        "extra-jars",
        "user-jars-first",
        "additional-python-modules",
        "python-modules-installer-option",
        "enable-metrics",
        "enable-observability-metrics",
        "enable-continuous-cloudwatch-log",
        "enable-continuous-log-filter",
        "continuous-log-logGroup",
        "continuous-log-logStreamPrefix",
        "continuous-log-conversionPattern",
        "enable-job-insights",
        "enable-spark-ui",
        "spark-event-logs-path",
        "enable-glue-datacatalog",
        "enable-auto-scaling",
        "datalake-formats",
        "conf",
        "custom-logGroup-prefix",
        "custom-logStream-prefix",
        "executor-cores",
        "customer-driver-env-vars",
        "customer-executor-env-vars",
        "enable-rename-algorithm-v2",
        "enable-s3-parquet-optimized-committer",
        "auto-scale-within-microbatch",
        "disable-proxy-v2",
        "enable-lakeformation-fine-grained-access",
        "mode",
        "use-postgres-driver",
        "version",
        "write-shuffle-files-to-s3",
        "write-shuffle-spills-to-s3",
    ]
)


def required() -> Any:
    """A text that has to be given."""
    return field(default="", metadata={_REQUIRED: True})


def choice(default: str, *others: str) -> Any:
    """One of several texts."""
    return field(default=default, metadata={_CHOICES: (default, *others)})


@dataclass(frozen=True)
class Given:
    """What a script was given: values of its own, what Glue passes on, and the names of what nobody knows."""

    values: Mapping[str, Any]
    glue: Mapping[str, str]
    unknown: tuple[str, ...]


def own_names(kind: type[Any]) -> frozenset[str]:
    """The names of the arguments that a script of this dataclass takes, Glue's own not among them."""
    return frozenset(item.name for item in fields(kind) if item.name != _RUN)


def is_known(kind: type[Any], name: str) -> bool:
    """Whether an argument means something to a script of this dataclass or to Glue."""
    return name in own_names(kind) or name in _GLUE_OWN


def parse(words: Sequence[str], job: str, kind: type[Any]) -> Given:
    """Values for the fields of a dataclass. What is unknown is passed over, as getResolvedOptions does: nobody can say
    what else Glue will pass. Raises ConfigurationError for what is missing or of the wrong form.
    """
    pairs, stray = _pairs(words)
    job = pairs.get("JOB_NAME") or job
    settable = {item.name: item for item in fields(kind) if item.name != _RUN}
    own = {name: value for name, value in pairs.items() if name in settable}
    missing = [
        name for name, item in settable.items() if item.metadata.get(_REQUIRED) and not own.get(name, "").strip()
    ]
    if missing:
        raise ConfigurationError(f"job {job}: the argument --{missing[0]} is missing; give it to the job or to the run")
    types = typing.get_type_hints(kind)
    return Given(
        values={name: _read(job, settable[name], types[name], value) for name, value in own.items()},
        glue={name: value for name, value in pairs.items() if name in _GLUE_OWN},
        unknown=(*(f"--{name}" for name in sorted(pairs) if not is_known(kind, name)), *stray),
    )


def _read(job: str, item: Field[Any], kind: Any, text: str) -> Any:
    if _CHOICES in item.metadata:
        return _one_of(job, item.name, text, item.metadata[_CHOICES])
    return _READERS[kind](job, item.name, text)


def _pairs(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Names with their values, and the words that belong to no name."""
    pairs: dict[str, str] = {}
    stray = []
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if not word.startswith("--"):
            stray.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        if not equals and position < len(words) and not words[position].startswith("--"):
            value = words[position]
            position += 1
        pairs[name] = value
    return pairs, stray


def _one_of(job: str, name: str, value: str, allowed: Sequence[str]) -> str:
    plain = value[len(_BOOKMARK_WORDS) :] if value.startswith(_BOOKMARK_WORDS) else value
    if plain not in allowed:
        raise ConfigurationError(f"job {job}: --{name} is '{value}'; use {', '.join(allowed[:-1])} or {allowed[-1]}")
    return plain


def _positive(job: str, name: str, value: str) -> int:
    # isdigit alone takes powers and numerals of other scripts, too
    if not (value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS and int(value)):
        raise ConfigurationError(f"job {job}: --{name} is '{value}'; use a whole number above 0")
    return int(value)


def _flag(job: str, name: str, value: str) -> bool:
    return _one_of(job, name, value.lower() or "true", ("true", "false")) == "true"


def _text(job: str, name: str, value: str) -> str:
    return value


def _names(job: str, name: str, value: str) -> tuple[str, ...]:
    """A list with commas."""
    return tuple(item.strip() for item in value.split(",") if item.strip())


_READERS: Mapping[Any, Callable[[str, str, str], Any]] = {
    str: _text,
    int: _positive,
    bool: _flag,
    tuple[str, ...]: _names,
}
