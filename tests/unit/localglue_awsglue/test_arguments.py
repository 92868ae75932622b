"""getResolvedOptions: what a script is told, and what it may not ask for."""

from __future__ import annotations

import subprocess
import sys

import pytest
from awsglue.utils import GlueArgumentError, getResolvedOptions

from tests.unit.localglue_awsglue.conftest import LIBRARY

SCRIPT = ["script.py", "--JOB_NAME", "load", "--day", "2024-01-01", "--other", "x", "--empty="]


def test_the_named_options_are_found_and_others_are_ignored() -> None:
    found = getResolvedOptions(SCRIPT, ["JOB_NAME", "day", "empty"])
    assert {name: found[name] for name in ("JOB_NAME", "day", "empty")} == {
        "JOB_NAME": "load", "day": "2024-01-01", "empty": ""
    }  # fmt: skip
    assert "other" not in found


def test_what_glue_passes_is_always_there() -> None:
    found = getResolvedOptions([*SCRIPT, "--JOB_RUN_ID", "jr_1", "--TempDir", "s3://b/t/"], [])
    assert (found["JOB_RUN_ID"], found["TempDir"], found["SECURITY_CONFIGURATION"]) == ("jr_1", "s3://b/t/", None)
    assert found["job_bookmark_option"] == "job-bookmark-disable"
    assert (found["job_bookmark_from"], found["job_bookmark_to"]) == (None, None)


def test_a_name_may_be_abbreviated_up_to_glue_5_and_not_from_glue_6_on() -> None:
    assert getResolvedOptions(["script.py", "--da", "1"], ["day"])["day"] == "1"
    with pytest.raises(GlueArgumentError):
        getResolvedOptions(["script.py", "--da", "1"], ["day"], allow_abbrev=False)


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        ([], ["day"], "the following arguments are required: --day"),
        (["--day"], ["day"], "argument --day: expected one argument"),
        (["--job-bookmark-option", "maybe"], [], "it is one of job-bookmark-enable"),
        (["--job-bookmark-option", "job-bookmark-pause", "--job-bookmark-from", "jr_1"], [], "pass both, or neither"),
        (["--job-bookmark-from", "jr_1", "--job-bookmark-to", "jr_2"], [], "need --job-bookmark-option"),
    ],
)
def test_what_does_not_fit_is_an_error_with_a_sentence(given: list[str], options: list[str], said: str) -> None:
    with pytest.raises(GlueArgumentError, match=said):
        getResolvedOptions(["script.py", *given], options)


@pytest.mark.parametrize("name", ["job_bookmark_option", "job-bookmark-from", "job_bookmark_to"])
def test_the_bookmarks_options_may_not_be_asked_for(name: str) -> None:
    with pytest.raises(RuntimeError, match=f"{name} may not be asked for"):
        getResolvedOptions(SCRIPT, [name])


def test_arguments_need_neither_spark_nor_boto3() -> None:
    code = "import sys; import awsglue.utils; print([n for n in ('pyspark', 'boto3', 'botocore') if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": LIBRARY}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
