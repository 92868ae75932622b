"""Spark jobs, with a stand-in for spark-submit."""

from __future__ import annotations

import json
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.localglue.bench import Bench, serving

# like spark-submit, it runs the script and sends the script's stderr to stdout; before that it prints how it was called
SUBMIT = """
import json, os, sys
print(json.dumps([sys.argv[1:], os.environ.get("PYTHONPATH")]), flush=True)
script = next(position for position, word in enumerate(sys.argv) if position and word.endswith(".py"))
os.dup2(1, 2)
os.execv(sys.executable, [sys.executable, *sys.argv[script:]])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of spark-submit and its properties."""
    return tmp_path_factory.mktemp("spark")


@pytest.fixture(scope="module")
def spark_bench(endpoint: str, folder: Path) -> Iterator[Bench]:
    """A localglue that can run Spark jobs."""
    submit = folder / "spark-submit"
    submit.write_text(f"#!{sys.executable}\n{SUBMIT}")
    submit.chmod(submit.stat().st_mode | stat.S_IXUSR)
    properties = folder / "spark.conf"
    with serving(endpoint, folder / "state", spark_submit=str(submit), spark_properties=properties) as made:
        yield made


def test_a_spark_job_without_spark_submit_fails_with_a_sentence(bench: Bench) -> None:
    run = bench.run(bench.job(kind="glueetl", GlueVersion="5.1"))
    assert (run["JobRunState"], run["ErrorMessage"], run["LogGroupName"]) == (
        "FAILED",
        "this localglue has no spark-submit, so no Spark job can run; start it with --spark-submit",
        "/aws-glue/jobs",
    )


def test_a_spark_job_is_submitted_with_properties_jars_settings_and_path(spark_bench: Bench, folder: Path) -> None:
    bench = spark_bench
    arguments = {
        "--extra-jars": bench.put("driver.jar", b"jar"),
        "--extra-py-files": bench.put("one.py", b""),
        "--conf": "spark.a=1 --conf spark.b=2",
    }
    run = bench.run(bench.job(kind="glueetl", DefaultArguments=arguments, WorkerType="G.1X", NumberOfWorkers=2))
    words, path = json.loads(bench.lines("/aws-glue/jobs/output", run["Id"])[0])
    assert (run["JobRunState"], run["GlueVersion"], run["WorkerType"]) == ("SUCCEEDED", "5.1", "G.1X")
    assert words[:3] == ["--properties-file", str(folder / "spark.conf"), "--jars"]
    assert Path(words[3]).name == "driver.jar" and Path(words[3]).read_bytes() == b"jar"
    assert words[4:8] == ["--conf", "spark.a=1", "--conf", "spark.b=2"]
    assert words[8].endswith(".py") and words[9] == "--extra-jars"
    own, awsglue = path.split(":")
    assert (Path(own) / "one.py").exists() and (Path(awsglue) / "awsglue" / "context.py").exists()


@pytest.mark.parametrize(("first", "sides"), [("true", ["driver", "executor"]), ("false", [])])
def test_the_jars_of_a_run_stand_before_sparks_own_when_the_job_says_so(
    spark_bench: Bench, first: str, sides: list[str]
) -> None:
    arguments = {"--extra-jars": spark_bench.put("driver.jar", b"jar"), "--user-jars-first": first}
    run = spark_bench.run(spark_bench.job(kind="glueetl", DefaultArguments=arguments))
    words, _ = json.loads(spark_bench.lines("/aws-glue/jobs/output", run["Id"])[0])
    assert words[4 : words.index("--extra-jars") - 1] == [
        word for side in sides for word in ("--conf", f"spark.{side}.userClassPathFirst=true")
    ]


def test_a_spark_script_s_error_is_found_in_the_output_where_spark_submit_puts_it(spark_bench: Bench) -> None:
    run = spark_bench.run(spark_bench.job("print('counting')\nraise ValueError('the batch is empty')", kind="glueetl"))
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "ValueError: the batch is empty")


def test_a_spark_job_finds_its_extra_files_in_its_working_folder(spark_bench: Bench) -> None:
    files = ",".join([spark_bench.put("maps/codes.csv", b"GB"), spark_bench.put("maps/rates.csv", b"1.5")])
    script = "print(open('codes.csv').read(), open('rates.csv').read())"
    run = spark_bench.run(spark_bench.job(script, kind="glueetl", DefaultArguments={"--extra-files": files}))
    assert spark_bench.lines("/aws-glue/jobs/output", run["Id"])[1:] == ["GB 1.5"]


@pytest.mark.parametrize(
    ("keys", "said"),
    [(["absent.csv"], "the file s3://.*absent.csv cannot be fetched"), (["a/x", "b/x"], "a file x already")],
)
def test_extra_files_that_are_not_there_or_of_one_name_fail_the_run(
    spark_bench: Bench, keys: list[str], said: str
) -> None:
    for key in set(keys) - {"absent.csv"}:
        spark_bench.put(key, b"")
    files = ",".join(f"s3://{spark_bench.bucket}/{key}" for key in keys)
    run = spark_bench.run(spark_bench.job(kind="glueetl", DefaultArguments={"--extra-files": files}))
    assert run["JobRunState"] == "FAILED" and re.search(said, run["ErrorMessage"])
