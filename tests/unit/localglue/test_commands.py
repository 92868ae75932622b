"""Arguments and command lines of runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from localglue.commands import launcher, merged_arguments, needs, script_arguments, spark_conf
from localglue.errors import InvalidInput
from localglue.settings import Settings
from localglue.states import Origin, fixed_id

SETTINGS = Settings("http://aws", "http://glue", Path("/state"), "/py/python3.9", region="eu-west-1")


def test_a_run_overrides_its_job_except_for_non_overridable_arguments() -> None:
    job = {"DefaultArguments": {"--a": "1", "library-set": "analytics"}, "NonOverridableArguments": {"--z": "fixed"}}
    assert merged_arguments(job, {"--a": "2", "--z": "mine"}) == {
        "--a": "2",
        "--library-set": "analytics",
        "--z": "fixed",
    }
    assert merged_arguments({}, {}) == {}


def test_what_a_run_needs_is_read_from_its_arguments() -> None:
    arguments = {
        "--extra-py-files": "s3://b/one.whl, s3://b/two.py",
        "--additional-python-modules": "s3://b/a-3-py3-none-any.whl,s3://b/c-4-cp27-cp27m-win32.whl,pandas==2.3.3",
        "--extra-jars": "s3://b/a.jar",
    }
    found = needs({"Command": {"ScriptLocation": "s3://b/job.py"}}, arguments)
    assert (found.script, found.python, found.jars, found.preinstalled) == (
        "s3://b/job.py",
        ("s3://b/one.whl", "s3://b/two.py", "s3://b/a-3-py3-none-any.whl"),
        ("s3://b/a.jar",),
        ("c-4-cp27-cp27m-win32.whl", "pandas==2.3.3"),
    )


RUN = {"JobName": "job", "Id": "jr_1"}
SPARK_ARGV = ["--a", "", "--JOB_NAME", "job", "--JOB_ID", fixed_id("j", "job"), "--JOB_RUN_ID", "jr_1"]
SHELL_ARGV = ["--a", "", "--scriptLocation", "s3://b/job.py", "--python-version", "3.9"]


@pytest.mark.parametrize(("kind", "alone"), [("glueetl", SPARK_ARGV), ("pythonshell", SHELL_ARGV)])
def test_the_script_gets_what_glue_gives_its_kind_and_its_workflow_run(kind: str, alone: list[str]) -> None:
    job = {"Command": {"Name": kind, "ScriptLocation": "s3://b/job.py", "PythonVersion": "3.9"}}
    assert script_arguments(RUN, job, {"--a": ""}, Origin("t")) == alone
    inside = script_arguments(RUN, job, {"--a": ""}, Origin("t", "w", "wr_1"))
    assert inside == [*alone, "--WORKFLOW_NAME", "w", "--WORKFLOW_RUN_ID", "wr_1"]


def test_a_python_shell_run_starts_with_the_interpreter() -> None:
    assert launcher(SETTINGS, "pythonshell", {}, []) == ["/py/python3.9"]


def test_a_spark_run_without_spark_submit_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="start it with --spark-submit"):
        launcher(SETTINGS, "glueetl", {}, [])


@pytest.mark.parametrize(
    ("value", "settings"),
    [
        ("", []),
        ("a=1", ["a=1"]),
        ("a=1 --conf b=2 3 --conf c=x--conf", ["a=1", "b=2 3", "c=x--conf"]),
        ("--conf a=1", ["a=1"]),
    ],
)
def test_one_conf_argument_holds_many_settings(value: str, settings: list[str]) -> None:
    assert spark_conf(value) == settings
