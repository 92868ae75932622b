"""Job arguments: what Glue passes is understood, what nobody knows is passed over and told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from totelake.errors import ConfigurationError
from totelake.runtime.job_arguments import (
    AuditArguments,
    BuildAndLoadArguments,
    BuildArguments,
    CanaryShellArguments,
    CanarySparkArguments,
    CheckArguments,
    FeedArguments,
    IngestArguments,
    IngestFilesArguments,
    IngestRatesArguments,
    JobArguments,
    JobRun,
    LoadArguments,
    MaintainArguments,
    WatchArguments,
    parse_arguments,
)

LAKE: dict[str, Any] = {
    "ingestion_bucket": "in",
    "processed_bucket": "out",
    "ingestion_database": "i",
    "processed_database": "p",
}
SOURCE = {"source": "totesys"}
CAPTURE = {**SOURCE, "source_secret": "lake/totesys"}
# what each job has to be given beside the lake
NEEDS: Mapping[type[JobArguments], Mapping[str, str]] = {
    WatchArguments: {**SOURCE, "prefix": "lake"},
    IngestArguments: CAPTURE,
    FeedArguments: {**SOURCE, "prefix": "lake"},
    IngestFilesArguments: {**SOURCE, "prefix": "lake"},
    IngestRatesArguments: {**SOURCE, "prefix": "lake"},
    CheckArguments: {**SOURCE, "crawler": "lake-ingestion-totesys"},
    BuildArguments: SOURCE,
    LoadArguments: {**SOURCE, "warehouse_secret": "lake/warehouse"},
    BuildAndLoadArguments: {**SOURCE, "warehouse_secret": "lake/warehouse"},
    MaintainArguments: {"crawlers": "lake-ingestion"},
    AuditArguments: {"crawlers": "lake-ingestion"},
    CanaryShellArguments: SOURCE,
    CanarySparkArguments: {"warehouse_secret": "lake/warehouse"},
}
KINDS = pytest.mark.parametrize("kind", NEEDS, ids=lambda kind: kind.__name__)


def words_of(values: Mapping[str, str]) -> list[str]:
    """Values as Glue gives them to a script."""
    return [word for name, value in values.items() for word in (f"--{name}", value)]


def parse(kind: type[JobArguments], *words: str, without: str = "") -> Any:
    """Arguments of a script that was given all that it needs, but for one."""
    given = {name: value for name, value in {**LAKE, **NEEDS[kind]}.items() if name != without}
    return parse_arguments(["script.py", *words_of(given), *words], kind)


def test_every_job_is_tried() -> None:
    def below(kind: type[JobArguments]) -> set[type[JobArguments]]:
        return {kind, *(found for one in kind.__subclasses__() for found in below(one))}

    assert set(NEEDS) == below(JobArguments) - {JobArguments}


@KINDS
def test_what_a_job_is_given_is_what_it_has(kind: type[JobArguments]) -> None:
    found = parse(kind)
    assert {name: getattr(found, name) for name in {**LAKE, **NEEDS[kind]}} == {**LAKE, **NEEDS[kind]}
    assert (found.metric_namespace, found.verbose, found.run.job) == ("totelake", False, kind.name)


@KINDS
def test_what_is_missing_is_named(kind: type[JobArguments]) -> None:
    for name in {**LAKE, **NEEDS[kind]}:
        for words in ((), (f"--{name}", ""), (f"--{name}", " ")):
            with pytest.raises(ConfigurationError) as refused:
                parse(kind, *words, without=name)
            assert str(refused.value) == (
                f"job {kind.name}: the argument --{name} is missing; give it to the job or to the run"
            )


@KINDS
def test_what_another_job_takes_is_unknown_and_changes_nothing(kind: type[JobArguments]) -> None:
    others = {item.name for other in NEEDS for item in fields(other)} - {item.name for item in fields(kind)}
    assert others
    for name in sorted(others):
        found = parse(kind, f"--{name}", "x", "word")
        assert found.run.unknown == (f"--{name}", "word")
        assert replace(found, run=JobRun("", "")) == replace(parse(kind), run=JobRun("", ""))


@pytest.mark.parametrize(
    ("kind", "defaults"),
    [
        (WatchArguments, {"alert_topic": ""}),
        (IngestArguments, {"bookmark": "enable", "allow_deletes": ()}),
        (CheckArguments, {"dead_letter_queue": "", "row_limit": 20_000_000}),
        (BuildArguments, {"compact_objects": 32, "row_limit": 20_000_000}),
        (BuildAndLoadArguments, {"compact_objects": 32, "row_limit": 20_000_000}),
        (MaintainArguments, {"dead_letter_queue": "", "dry_run": False, "whole_history": False}),
        (AuditArguments, {"whole_history": False}),
    ],
)
def test_what_need_not_be_given_has_its_default(kind: type[JobArguments], defaults: Mapping[str, object]) -> None:
    found = parse(kind)
    assert {name: getattr(found, name) for name in defaults} == defaults


def test_a_whole_glue_command_line_is_understood() -> None:
    found = parse(
        BuildArguments,
        "--JOB_NAME",
        "totelake-build-facts-totesys",
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
        "--metric_namespace",
        "lake",
        "--verbose",
    )
    assert found == BuildArguments(
        **LAKE,
        source="totesys",
        row_limit=5,
        metric_namespace="lake",
        verbose=True,
        run=JobRun("totelake-build-facts-totesys", "jr_1", "w", "wr_1"),
    )


@KINDS
def test_the_command_line_of_a_python_shell_job_on_glue_is_understood(kind: type[JobArguments]) -> None:
    """As dumped in a Python-shell job on AWS: no name, no run id, bare words in between."""
    values = {**LAKE, **NEEDS[kind]}
    words = [
        "/tmp/glue-python-scripts-x/script.py", "--extra-py-files", "s3://a/w.whl", "--scriptLocation", "s3://a/s.py",
        *words_of(values), "--python-version", "3.9", "true", "--job-bookmark-option", "job-bookmark-disable",
        "--WORKFLOW_NAME", "w", "--WORKFLOW_RUN_ID", "wr_1",
    ]  # fmt: skip
    found = parse_arguments(words, kind)
    assert {name: getattr(found, name) for name in values} == values
    assert found.run.unknown == ("true",)
    assert (found.run.workflow, found.run.workflow_run_id) == ("w", "wr_1")
    assert found.run.id.startswith("wr_1_") and found.run.id != parse_arguments(words, kind).run.id


def test_a_run_outside_glue_gets_an_id_of_its_own() -> None:
    first, second = parse(AuditArguments), parse(AuditArguments)
    assert first.run.id.startswith("local_") and first.run.id != second.run.id
    assert (first.run.workflow, first.run.workflow_run_id) == ("", "")


# developer guide, "Using job parameters in AWS Glue jobs"
@pytest.mark.parametrize(
    "name",
    [
        "JOB_NAME", "TempDir", "additional-python-modules", "auto-scale-within-microbatch", "conf", "datalake-formats",
        "disable-proxy-v2", "enable-auto-scaling", "enable-continuous-cloudwatch-log", "enable-glue-datacatalog",
        "enable-job-insights", "enable-lakeformation-fine-grained-access", "enable-metrics",
        "enable-observability-metrics", "enable-spark-ui", "extra-files", "extra-jars", "extra-py-files",
        "job-bookmark-option", "job-language", "library-set", "mode", "python-modules-installer-option",
        "python-version", "scriptLocation", "debug", "endpoint",
        "spark-event-logs-path", "use-postgres-driver", "user-jars-first", "version",
        "write-shuffle-files-to-s3", "write-shuffle-spills-to-s3",
    ],
)  # fmt: skip
@KINDS
def test_what_is_glues_own_changes_nothing(kind: type[JobArguments], name: str) -> None:
    for words in ((f"--{name}", "true"), (f"--{name}=true",), (f"--{name}",), (f"--{name}", "")):
        found = parse(kind, *words)
        assert replace(found, run=JobRun("", "")) == replace(parse(kind), run=JobRun("", ""))


@KINDS
@given(words=st.lists(st.text(max_size=8) | st.from_regex(r"--[a-z_]{1,9}(=.{0,5})?", fullmatch=True), max_size=5))
@settings(max_examples=60)
def test_whatever_is_given_is_understood_or_refused_in_one_sentence(kind: type[JobArguments], words: list[str]) -> None:
    try:
        parse(kind, *words)
    except ConfigurationError as error:
        assert str(error).startswith(f"job {kind.name}: ")


@pytest.mark.parametrize("word", ["enable", "pause", "disable", "job-bookmark-pause"])
def test_bookmark_takes_glues_words(word: str) -> None:
    assert parse(IngestArguments, "--bookmark", word).bookmark == word.replace("job-bookmark-", "")


def test_glues_own_bookmark_option_changes_nothing() -> None:
    assert parse(IngestArguments, "--job-bookmark-option", "job-bookmark-disable").bookmark == "enable"


@pytest.mark.parametrize(
    ("text", "tables"), [("", ()), ("staff", ("staff",)), (" staff, design ,", ("staff", "design"))]
)
def test_a_list_has_commas(text: str, tables: tuple[str, ...]) -> None:
    assert parse(IngestArguments, f"--allow_deletes={text}").allow_deletes == tables


@pytest.mark.parametrize(
    ("words", "value"), [(["--dry_run"], True), (["--dry_run", "TRUE"], True), (["--dry_run=false"], False)]
)
def test_a_flag_needs_no_value(words: list[str], value: bool) -> None:
    assert parse(MaintainArguments, *words).dry_run is value


@pytest.mark.parametrize(
    ("kind", "words", "message"),
    [
        (IngestArguments, ["--bookmark", "on"], "job ingest: --bookmark is 'on'; use enable, pause or disable"),
        (BuildArguments, ["--row_limit", "many"], "job build: --row_limit is 'many'; use a whole number above 0"),
        (BuildArguments, ["--compact_objects", "0"], "job build: --compact_objects is '0'; use a whole number above 0"),
        (BuildArguments, ["--row_limit", "\u00b2"], "job build: --row_limit is '\u00b2'; use a whole number above 0"),
        (BuildArguments, ["--row_limit", "\u0663"], "job build: --row_limit is '\u0663'; use a whole number above 0"),
        (BuildArguments, ["--row_limit", "9" * 5000], f"job build: --row_limit is '{'9' * 5000}'; use a whole number"),
        (BuildArguments, ["--row_limit=+5"], "job build: --row_limit is '+5'; use a whole number above 0"),
        (
            IngestArguments,
            ["--bookmark", "pajob-bookmark-use"],
            "job ingest: --bookmark is 'pajob-bookmark-use'; use enable, pause or disable",
        ),
        (AuditArguments, ["--verbose", "perhaps"], "job audit_catalog: --verbose is 'perhaps'; use true or false"),
        (AuditArguments, ["--JOB_NAME", "j", "--verbose", "1"], "job j: --verbose is '1'; use true or false"),
    ],
    ids=[
        "choice",
        "number",
        "zero",
        "power",
        "other script",
        "long",
        "sign",
        "word inside",
        "flag",
        "glue's name of the job",
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(kind: type[JobArguments], words: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse(kind, *words)
    assert str(refused.value).startswith(message)
