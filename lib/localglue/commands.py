"""The arguments, command line and files of a job run. Everything here is computed, nothing is done."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Callable

from localapi.documents import Document
from localglue.errors import InvalidInput
from localglue.settings import Settings
from localglue.states import Origin, fixed_id
from localglue.wheels import runs_here

PYTHON_SHELL, SPARK = "pythonshell", "glueetl"
_MODULES = "--additional-python-modules"
_PY_FILES = "--extra-py-files"
_JARS = "--extra-jars"
_JARS_FIRST = "--user-jars-first"
_FILES = "--extra-files"
_CONF = "--conf"
_SCRIPT = "--scriptLocation"


@dataclass(frozen=True)
class Needs:
    """The S3 objects and the modules that a run needs before it can start."""

    script: str
    python: tuple[str, ...]
    jars: tuple[str, ...]
    preinstalled: tuple[str, ...]
    """Modules that the interpreter must have, as localglue installs nothing: names, and wheels for other systems."""
    files: tuple[str, ...] = ()
    """What a Spark job finds in its working folder; AWS gives a Python shell none."""


def with_dashes(arguments: Mapping[str, str]) -> dict[str, str]:
    """The arguments with `--` before every name: Glue also takes some without, such as `library-set`."""
    return {name if name.startswith("--") else f"--{name}": value for name, value in arguments.items()}


def merged_arguments(job: Document, given: Mapping[str, str]) -> dict[str, str]:
    """The script's arguments: the job's defaults, then the run's own, then the job's non-overridable ones."""
    defaults, fixed = job.get("DefaultArguments", {}), job.get("NonOverridableArguments", {})
    return {**with_dashes(defaults), **with_dashes(given), **with_dashes(fixed)}


def needs(job: Document, arguments: Mapping[str, str], is_usable: Callable[[str], bool] = runs_here) -> Needs:
    """What the run needs, read from its job and arguments; `is_usable` says whether a wheel fits the interpreter."""
    modules = _listed(arguments.get(_MODULES))
    wheels = [module for module in modules if module.startswith("s3://") and is_usable(module.rsplit("/", 1)[1])]
    return Needs(
        script=script_of(job, arguments),
        python=(*_listed(arguments.get(_PY_FILES)), *wheels),
        jars=tuple(_listed(arguments.get(_JARS))),
        preinstalled=tuple(module.rsplit("/", 1)[-1] for module in modules if module not in wheels),
        files=tuple(_listed(arguments.get(_FILES))) if job["Command"].get("Name") == SPARK else (),
    )


def script_of(job: Document, arguments: Mapping[str, str]) -> str:
    """Where the script is: `--scriptLocation` takes the place of what the job's command names, as on AWS."""
    location: str = arguments.get(_SCRIPT) or job["Command"]["ScriptLocation"]
    return location


def script_arguments(run: Document, job: Document, arguments: Mapping[str, str], origin: Origin) -> list[str]:
    """The script's argv, without its name, as Glue passes it.

    A Python-shell job is told the script's place and the Python version, but neither its name nor its run's id, as
    dumps of `sys.argv` show; a Spark job is told name, id and run.
    """
    command = job["Command"]
    if command["Name"] == PYTHON_SHELL:
        own = {_SCRIPT: script_of(job, arguments), "--python-version": command.get("PythonVersion", "3.9")}
    else:
        own = {"--JOB_NAME": run["JobName"], "--JOB_ID": fixed_id("j", run["JobName"]), "--JOB_RUN_ID": run["Id"]}
    if origin.workflow and origin.workflow_run:
        own |= {"--WORKFLOW_NAME": origin.workflow, "--WORKFLOW_RUN_ID": origin.workflow_run}
    return [word for pair in {**arguments, **own}.items() for word in pair]


def launcher(settings: Settings, kind: str, arguments: Mapping[str, str], jars: Sequence[str]) -> list[str]:
    """The command line of a run before its script. Raises InvalidInput for a Spark job without spark-submit."""
    if kind == PYTHON_SHELL:
        return [settings.python_shell]
    if settings.spark_submit is None:
        raise InvalidInput("this localglue has no spark-submit, so no Spark job can run; start it with --spark-submit")
    words = [settings.spark_submit]
    if settings.spark_properties:
        words += ["--properties-file", str(settings.spark_properties)]
    if jars:
        words += ["--jars", ",".join(jars)]
        if arguments.get(_JARS_FIRST, "").lower() == "true":
            words += [word for side in ("driver", "executor") for word in _first_for(side)]
    for setting in spark_conf(arguments.get(_CONF, "")):
        words += ["--conf", setting]
    return words


def _first_for(side: str) -> tuple[str, str]:
    """The setting that puts the run's jars before what Spark brings."""
    return "--conf", f"spark.{side}.userClassPathFirst=true"


def spark_conf(value: str) -> list[str]:
    """The settings in Glue's single argument `a=b --conf c=d`."""
    return [setting.strip() for setting in re.split(r"(?:^|\s)--conf\s", value) if setting.strip()]


def _listed(value: str | None) -> list[str]:
    return [part.strip() for part in (value or "").split(",") if part.strip()]
