"""Scripts in the shape of published ones, with DynamicFrames and bookmarks, through the Glue API and real Spark."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.localglue.bench import SHELL_LOGS, Bench, job_states, serving

# Spark compiles no code for a handful of rows, and starts one process of Python
FOR_FEW_ROWS = (
    "spark.master=local[1] --conf spark.sql.shuffle.partitions=1 --conf spark.sql.adaptive.enabled=false "
    "--conf spark.sql.codegen.wholeStage=false --conf spark.sql.codegen.factoryMode=NO_CODEGEN"
)
PEOPLE = [
    {"id": "p1", "name": "Ada", "links": [{"note": "web", "url": "a"}, {"note": "mail", "url": "b"}], "seen": None},
    {"id": "p2", "name": "Bob", "links": [], "seen": None},
]
MEMBERSHIPS = [
    {"person_id": "p1", "organization_id": "o1", "start_date": "2020-01-01"},
    {"person_id": "p2", "organization_id": "o2", "start_date": "2021-01-01"},
    {"person_id": "p1", "organization_id": "o2", "start_date": "2022-01-01"},
]
ORGANIZATIONS = [{"id": "o1", "name": "House", "seats": 435}, {"id": "o2", "name": "Senate", "seats": 100}]
PAYMENTS = 'drg,provider id,charge\nheart,10001,"$1,200.50"\nlung,10002,$80.00\nbroken,none,$1.00\n'

JOIN = """
import sys
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.transforms import Join
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "database", "target"])
glue_context = GlueContext(SparkContext.getOrCreate())
job = Job(glue_context)
job.init(args["JOB_NAME"], args)
read = glue_context.create_dynamic_frame.from_catalog
people, memberships, organizations = (
    read(database=args["database"], table_name=name) for name in ("people", "memberships", "organizations"))
organizations = organizations.rename_field("id", "org_id").rename_field("name", "org_name")
history = Join.apply(organizations, Join.apply(people, memberships, "id", "person_id"), "org_id", "organization_id")
history = history.drop_fields(["person_id", "org_id"])
glue_context.write_dynamic_frame.from_options(
    frame=history, connection_type="s3", format="parquet",
    connection_options={"path": args["target"] + "history", "partitionKeys": ["org_name"]})
tables = history.relationalize("root", args["target"] + "temporary/")
for name in tables.keys():
    glue_context.write_dynamic_frame.from_options(
        frame=tables.select(name), connection_type="s3", format="json",
        connection_options={"path": args["target"] + name})
job.commit()
"""
CLEAN = """
import sys
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.job import Job
from awsglue.transforms import ApplyMapping, Map
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "database", "target"])
glue_context = GlueContext(SparkContext.getOrCreate())
job = Job(glue_context)
job.init(args["JOB_NAME"], args)
payments = glue_context.create_dynamic_frame.from_catalog(
    database=args["database"], table_name="payments", transformation_ctx="payments")
payments.printSchema()
resolved = payments.resolveChoice(specs=[("provider id", "cast:long")])
kept = DynamicFrame.fromDF(resolved.toDF().where("`provider id` IS NOT NULL"), glue_context, "kept")

def plain(record):
    record["charge"] = record["charge"].replace("$", "").replace(",", "")
    return record

mapped = ApplyMapping.apply(frame=Map.apply(frame=kept, f=plain), mappings=[
    ("drg", "string", "drg", "string"), ("provider id", "long", "provider.id", "long"),
    ("charge", "string", "charges.covered", "double")])
sink = glue_context.getSink(
    connection_type="s3", path=args["target"] + "clean", enableUpdateCatalog=True, partitionKeys=["drg"])
sink.setFormat("glueparquet")
sink.setCatalogInfo(catalogDatabase=args["database"], catalogTableName="clean")
sink.writeFrame(mapped)
job.commit()
"""
# a run of a job that reads files, without the Spark that would read them: the bookmark is the same
INCREMENT = """
import sys
from awsglue.bookmarks import Bookmark, now
from awsglue.objects import client, files_of
from awsglue.utils import bookmark_option, getResolvedOptions

args = getResolvedOptions(sys.argv, ["source", "fail", "job"])
run = client("glue").get_job_runs(JobName=args["job"])["JobRuns"][0]["Id"]
first, last = args["job_bookmark_from"], args["job_bookmark_to"]
bookmark = Bookmark(args["job"], run, bookmark_option(args), first, last)
moment = now()
new = bookmark.files("new", files_of([args["source"]], False, {}), {}, moment)
print("read", sorted(one.address.rsplit("/", 1)[1] for one in new))
if args["fail"] == "yes":
    raise ValueError("not today")
bookmark.commit()
"""


@pytest.fixture(scope="module")
def spark_bench(moto_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A localglue that runs Spark jobs with the Spark of this machine."""
    from totelake.stack import spark

    folder = tmp_path_factory.mktemp("awsglue")
    properties = spark.write_properties(folder / "spark.conf", moto_endpoint)
    with pytest.MonkeyPatch.context() as patched:
        for name, value in spark.environment().items():
            patched.setenv(name, value)
        others: dict[str, Any] = {"inherit": ("SPARK_*", "PYSPARK_*"), "minute": 60.0}
        submit = str(spark.find_submit())
        with serving(
            moto_endpoint, folder / "state", spark_submit=submit, spark_properties=Path(properties), **others
        ) as made:
            yield made


def put_table(bench: Bench, database: str, name: str, kind: str, columns: dict[str, str], **parameters: str) -> None:
    """A table of a folder of the bucket, as a crawler leaves it."""
    listed = [{"Name": column, "Type": type_} for column, type_ in columns.items()]
    storage = {"Columns": listed, "Location": f"s3://{bench.bucket}/{name}/", "SerdeInfo": {"Parameters": {}}}
    given = {"classification": kind, **parameters}
    table = {"Name": name, "StorageDescriptor": storage, "Parameters": given}
    bench.glue.create_table(DatabaseName=database, TableInput=table)


def lines_of(bench: Bench, prefix: str) -> list[dict[str, Any]]:
    """The records of JSON files below a prefix."""
    keys = [one["Key"] for one in bench.s3.list_objects_v2(Bucket=bench.bucket, Prefix=prefix)["Contents"]]
    texts = [bench.s3.get_object(Bucket=bench.bucket, Key=key)["Body"].read().decode() for key in keys]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def written(bench: Bench, database: str) -> dict[str, int]:
    """The partitions of the table `clean`, with the number of files that each has."""
    found = bench.glue.get_partitions(DatabaseName=database, TableName="clean")["Partitions"]
    places = {one["Values"][0]: one["StorageDescriptor"]["Location"].split("/", 3)[3] for one in found}
    listed = {name: bench.s3.list_objects_v2(Bucket=bench.bucket, Prefix=place) for name, place in places.items()}
    return {name: one["KeyCount"] for name, one in sorted(listed.items())}


def test_published_shapes_run_in_a_workflow_with_a_conditional_trigger(spark_bench: Bench) -> None:
    bench = spark_bench
    database = bench.database()
    for name, rows in (("people", PEOPLE), ("memberships", MEMBERSHIPS), ("organizations", ORGANIZATIONS)):
        bench.put(f"{name}/1.json", "\n".join(json.dumps(row) for row in rows).encode())
        put_table(bench, database, name, "json", {"id": "string"})
    bench.put("payments/1.csv", PAYMENTS.encode())
    columns = {"drg": "string", "provider id": "bigint", "charge": "string"}
    put_table(bench, database, "payments", "csv", columns, **{"skip.header.line.count": "1"})
    target = {"--database": database, "--target": f"s3://{bench.bucket}/out/"}
    target["--job-bookmark-option"] = "job-bookmark-enable"
    target["--conf"] = FOR_FEW_ROWS
    first, second = (
        bench.job(text, kind="glueetl", GlueVersion="5.1", DefaultArguments=target) for text in (JOIN, CLEAN)
    )
    workflow = bench.workflow()
    bench.trigger([first], WorkflowName=workflow)
    bench.trigger([second], after={first: "SUCCEEDED"}, WorkflowName=workflow)
    run = bench.run_workflow(workflow)
    assert job_states(run) == {first: ["SUCCEEDED"], second: ["SUCCEEDED"]}, _why(bench, run)

    root, links = lines_of(bench, "out/root/"), lines_of(bench, "out/root_links/")
    assert {(one["name"], one["org_name"], one["seats"]) for one in root} == {
        ("Ada", "House", 435), ("Ada", "Senate", 100), ("Bob", "Senate", 100)
    }  # fmt: skip
    keys = {one["links"] for one in root if one["name"] == "Ada"}
    assert sorted((one["index"], one["links.val.note"]) for one in links if one["id"] in keys) == [
        (0, "web"), (0, "web"), (1, "mail"), (1, "mail")
    ]  # fmt: skip
    folders = bench.s3.list_objects_v2(Bucket=bench.bucket, Prefix="out/history/", Delimiter="/")["CommonPrefixes"]
    assert [one["Prefix"] for one in folders] == ["out/history/org_name=House/", "out/history/org_name=Senate/"]
    table = bench.glue.get_table(DatabaseName=database, Name="clean")["Table"]
    kinds = {one["Name"]: one["Type"] for one in table["StorageDescriptor"]["Columns"]}
    assert kinds == {"provider": "struct<id:bigint>", "charges": "struct<covered:double>"}
    assert written(bench, database) == {"heart": 1, "lung": 1}

    bench.put("payments/2.csv", b"drg,provider id,charge\nheart,10003,$7.00\n")
    again = bench.run(second)
    assert again["JobRunState"] == "SUCCEEDED", again.get("ErrorMessage")
    assert written(bench, database) == {"heart": 2, "lung": 1}


def test_a_bookmark_takes_each_file_once_and_goes_back_where_it_is_told(bench: Bench) -> None:
    given = {"--source": f"s3://{bench.bucket}/numbers/", "--fail": "no", "library-set": "analytics"}
    job = bench.job(INCREMENT, DefaultArguments={**given, "--job-bookmark-option": "job-bookmark-enable"})

    def read(**changed: str) -> tuple[str, str, str]:
        arguments = {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
        run = bench.run(job, Arguments={**arguments, "--job": job})
        return run["Id"], run["JobRunState"], bench.lines(f"{SHELL_LOGS}/output", run["Id"])[0]

    bench.put("numbers/1.json", b"1")
    first = read()
    assert first[1:] == ("SUCCEEDED", "read ['1.json']")
    bench.put("numbers/2.json", b"2")
    assert read(fail="yes")[1:] == ("FAILED", "read ['2.json']")
    second = read()
    assert second[1:] == ("SUCCEEDED", "read ['2.json']")
    entry = bench.glue.get_job_bookmark(JobName=job)["JobBookmarkEntry"]
    assert (entry["Run"], entry["Version"], entry["RunId"], entry["PreviousRunId"]) == (2, 2, second[0], first[0])
    assert list(json.loads(entry["JobBookmark"])) == ["new"]

    bench.put("numbers/3.json", b"3")
    pause = "job-bookmark-pause"
    assert read(job_bookmark_option=pause)[2] == "read ['3.json']"
    between = {"job_bookmark_from": first[0], "job_bookmark_to": second[0]}
    assert read(job_bookmark_option=pause, **between)[2] == "read ['2.json']"
    assert bench.glue.get_job_bookmark(JobName=job)["JobBookmarkEntry"] == entry

    rewound = bench.glue.reset_job_bookmark(JobName=job, RunId=first[0])["JobBookmarkEntry"]
    assert (rewound["Version"], rewound["RunId"]) == (3, first[0])
    assert read()[2] == "read ['2.json', '3.json']"
    bench.glue.reset_job_bookmark(JobName=job)
    assert read()[2] == "read ['1.json', '2.json', '3.json']"
    bench.glue.delete_job(JobName=job)
    with pytest.raises(bench.glue.exceptions.EntityNotFoundException):
        bench.glue.get_job_bookmark(JobName=job)


def _why(bench: Bench, run: dict[str, Any]) -> str:
    """What the runs that failed said."""
    found = [one for node in run["Graph"]["Nodes"] for one in node.get("JobDetails", {}).get("JobRuns", ())]
    return "\n".join(str(one.get("ErrorMessage")) for one in found)
