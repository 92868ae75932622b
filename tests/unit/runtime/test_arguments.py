"""Job arguments: what Glue passes is understood, what nobody knows is refused."""

from __future__ import annotations

import pytest

from totelake.errors import ConfigurationError
from totelake.runtime import JobArguments

LAKE = [
    "--ingestion_bucket",
    "in",
    "--processed_bucket",
    "out",
    "--ingestion_database",
    "i",
    "--processed_database",
    "p",
]


def parse(*words: str, job: str = "build_facts") -> JobArguments:
    return JobArguments.from_argv(["script.py", *LAKE, *words], job)


def test_a_whole_glue_command_line_is_understood() -> None:
    arguments = parse(
        "--JOB_NAME",
        "totelake-build-facts",
        "--JOB_RUN_ID=jr_1",
        "--WORKFLOW_NAME",
        "w",
        "--WORKFLOW_RUN_ID",
        "wr_1",
        "--enable-metrics",
        "--TempDir",
        "s3://t/",
        "--row_limit",
        "5",
        "--debug",
    )
    assert arguments == JobArguments(
        job="build_facts",
        ingestion_bucket="in",
        processed_bucket="out",
        ingestion_database="i",
        processed_database="p",
        row_limit=5,
        debug=True,
        job_name="totelake-build-facts",
        job_run_id="jr_1",
        workflow="w",
        workflow_run_id="wr_1",
    )


def test_a_run_outside_glue_gets_an_id_of_its_own() -> None:
    first, second = parse(), parse()
    assert first.job_run_id.startswith("local_")
    assert first.job_run_id != second.job_run_id
    assert first.workflow_run_id is None


@pytest.mark.parametrize("word", ["enable", "pause", "disable", "job-bookmark-pause"])
def test_bookmark_speaks_glues_words(word: str) -> None:
    assert parse("--bookmark", word).bookmark == word.replace("job-bookmark-", "")


def test_glues_own_bookmark_option_changes_nothing() -> None:
    assert parse("--job-bookmark-option", "job-bookmark-disable").bookmark == "enable"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--bucket", "x"],
            "job build_facts: unknown argument --bucket; known are --alert_topic, --allow_deletes, --bookmark, ",
        ),
        (["--bookmark", "on"], "job build_facts: --bookmark is 'on'; use enable, pause or disable"),
        (["--row_limit", "many"], "job build_facts: --row_limit is 'many'; use a whole number above 0"),
        (["--debug", "perhaps"], "job build_facts: --debug is 'perhaps'; use true or false"),
        (["--debug", "true", "x"], "'x' is no argument; write arguments as --name value"),
    ],
    ids=["unknown", "bookmark", "row limit", "flag", "stray word"],
)
def test_bad_arguments_are_refused_in_one_sentence(words: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse(*words)
    assert str(refused.value).startswith(message)


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(ConfigurationError) as refused:
        JobArguments.from_argv(["script.py"], "load_warehouse")
    assert (
        str(refused.value)
        == "job load_warehouse: the argument --ingestion_bucket is missing; give it to the job or to the run"
    )
