"""Tables and views made, filled, changed and read through the API, in every format."""

from __future__ import annotations

import pytest

from tests.integration.localathena.conftest import Bench

_ROW = (
    "SELECT true AS a, CAST(1 AS tinyint) AS b, CAST(2 AS bigint) AS c, CAST(1.5 AS real) AS d, 2.5e0 AS e, "
    "decimal '12.34' AS f, 'tExt \"with, all\"' AS g, date '2024-02-29' AS h, "
    "timestamp '2024-02-29 01:02:03.456' AS i, CAST(NULL AS integer) AS j"
)
_SHOWN = ["true", "1", "2", "1.5", "2.5", "12.34", 'tExt "with, all"', "2024-02-29", "2024-02-29 01:02:03.456", None]


@pytest.mark.parametrize("kind", ["PARQUET", "ORC", "JSON", "TEXTFILE"])
def test_rows_are_the_same_in_every_format(bench: Bench, kind: str) -> None:
    made = bench.run(
        f"CREATE TABLE copy WITH (format = '{kind}', partitioned_by = ARRAY['p']) AS SELECT *, 'x' AS p FROM ({_ROW})"
    )
    assert made["SubstatementType"] == "CREATE_TABLE_AS_SELECT"
    assert made["ResultConfiguration"]["OutputLocation"].endswith(f"/out/tables/{made['QueryExecutionId']}")
    (address,) = bench.content(made["Statistics"]["DataManifestLocation"]).decode().split()
    assert "/p=x/" in address and bench.content(address)
    assert bench.rows("SELECT * FROM copy") == [[*_SHOWN, "x"]]
    bench.run(f"INSERT INTO copy SELECT *, 'y' FROM ({_ROW})")
    bench.run("INSERT INTO copy (c, p) VALUES (7, 'x')")
    assert bench.rows("SELECT c, p FROM copy ORDER BY c, p") == [["2", "x"], ["2", "y"], ["7", "x"]]
    assert sorted(row[0] or "" for row in bench.rows("SHOW PARTITIONS copy")) == ["p=x", "p=y"]


def test_nested_values_go_into_tables_and_come_back(bench: Bench) -> None:
    values = (
        "ARRAY[1, NULL] AS a, MAP(ARRAY['k'], ARRAY[2.5e0]) AS m, CAST(ROW(1, 'x') AS ROW(id integer, v varchar)) AS r"
    )
    bench.run(f"CREATE TABLE nested AS SELECT {values}")
    assert bench.rows("SELECT a, m, r, r.v FROM nested") == [["[1, null]", "{k=2.5}", "{id=1, v=x}", "x"]]
    kinds = {
        item["Name"]: item["Type"]
        for item in bench.glue.get_table(DatabaseName=bench.name, Name="nested")["Table"]["StorageDescriptor"][
            "Columns"
        ]
    }
    assert kinds == {"a": "array<int>", "m": "map<varchar(1),double>", "r": "struct<id:int,v:string>"}


def test_unload_writes_objects_and_nothing_over_others(bench: Bench) -> None:
    sql = (
        f"UNLOAD (SELECT 1 AS a, 'x' AS b) TO 's3://{bench.name}/un/' WITH (format = 'PARQUET', compression = 'SNAPPY')"
    )
    made = bench.run(sql)
    assert made["SubstatementType"] == "UNLOAD"
    assert bench.content(made["Statistics"]["DataManifestLocation"]).decode().startswith(f"s3://{bench.name}/un/")
    assert "HIVE_PATH_ALREADY_EXISTS" in bench.failure(sql)["StateChangeReason"]


def test_a_table_that_cannot_be_registered_leaves_no_objects(bench: Bench) -> None:
    place = f"external_location = 's3://{bench.name}/data/'"
    assert (
        "SCHEMA_NOT_FOUND" in bench.failure(f"CREATE TABLE lost.t WITH ({place}) AS SELECT 1 AS a")["StateChangeReason"]
    )
    bench.failure(f"CREATE TABLE t WITH ({place}) AS SELECT 1 / (n - 1) AS a FROM (VALUES 1) AS t(n)")
    assert bench.s3.list_objects_v2(Bucket=bench.name, Prefix="data/")["KeyCount"] == 0
    assert bench.rows("SHOW TABLES") == []


def test_csv_is_read_by_its_serde(bench: Bench) -> None:
    bench.put("lazy/a.csv", b'id|name|day\n1|"q"|2024-01-02\nx|\\N\n\n3|c|no|more\n')
    bench.put("open/a.csv", b'1,"a,""b""",19723\n2,,\n')
    bench.run(
        "CREATE EXTERNAL TABLE lazy (id int, name string, day date) ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' "
        f"LOCATION 's3://{bench.name}/lazy/' TBLPROPERTIES ('skip.header.line.count'='1')"
    )
    assert bench.rows("SELECT * FROM lazy WHERE name <> '' OR id IS NULL") == [
        ["1", '"q"', "2024-01-02"], [None, None, None], ["3", "c", None],
    ]  # fmt: skip
    bench.run(
        "CREATE EXTERNAL TABLE open (id int, name string, day string) "
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' "
        f"WITH SERDEPROPERTIES ('separatorChar'=',') LOCATION 's3://{bench.name}/open/'"
    )
    assert bench.rows("SELECT * FROM open") == [["1", 'a,"b"', "19723"], ["2", "", ""]]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("STORED AS PARQUET", b"no parquet, but long enough"),
        ("STORED AS ORC", b"no ORC, but long enough"),
        ("ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'", b'{"n": '),
        ("ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'", b"one\n"),
    ],
)
def test_an_object_that_cannot_be_read_is_named(bench: Bench, kind: str, content: bytes) -> None:
    bench.put("bad/x", content)
    bench.run(f"CREATE EXTERNAL TABLE bad (n int) {kind} LOCATION 's3://{bench.name}/bad/'")
    reason = bench.failure("SELECT n FROM bad")["StateChangeReason"]
    assert reason.startswith(("HIVE_BAD_DATA: ", "INVALID_CAST_ARGUMENT: "))
    assert "/objects/" not in reason


def test_projected_partitions_are_those_of_the_ranges_that_are_there(bench: Bench) -> None:
    for day, shop in (("2024-01-01", "a"), ("2024-01-02", "b"), ("2025-01-01", "a"), ("2024-01-03", "zz")):
        bench.put_parquet(f"at/{shop}/{day}/x", n=[1])
    bench.run(
        "CREATE EXTERNAL TABLE at (n bigint) PARTITIONED BY (shop string, day string) STORED AS PARQUET "
        f"LOCATION 's3://{bench.name}/at/' "
        "TBLPROPERTIES ('projection.enabled'='true', 'projection.shop.type'='enum', 'projection.shop.values'='a,b', "
        "'projection.day.type'='date', 'projection.day.format'='yyyy-MM-dd', "
        "'projection.day.range'='2024-01-01,2024-12-31', "
        f"'storage.location.template'='s3://{bench.name}/at/${{shop}}/${{day}}')"
    )
    assert bench.rows("SELECT shop, day FROM at ORDER BY 1") == [["a", "2024-01-01"], ["b", "2024-01-02"]]
    bench.run("ALTER TABLE at SET TBLPROPERTIES ('projection.shop.type'='injected')")
    assert "CONSTRAINT_VIOLATION" in bench.failure("SELECT shop FROM at")["StateChangeReason"]
    assert bench.rows("SELECT day FROM at WHERE shop = 'zz'") == [["2024-01-03"]]


def test_views_and_definitions(bench: Bench) -> None:
    bench.run("CREATE TABLE base AS SELECT 1 AS id, 'x' AS name")
    bench.run("CREATE VIEW seen AS SELECT id + 1 AS next, name FROM base")
    assert bench.rows("SELECT * FROM seen") == [["2", "x"]]
    assert "View already exists" in bench.failure("CREATE VIEW seen AS SELECT 1 AS a")["StateChangeReason"]
    bench.run("CREATE OR REPLACE VIEW seen AS SELECT 1 AS a")
    assert bench.rows("SHOW VIEWS") == [["seen"]]
    assert [(row[0] or "").strip() for row in bench.rows("DESCRIBE base")] == ["id", "name"]
    bench.run("ALTER TABLE base ADD COLUMNS (more array<struct<a:int,b:string>> COMMENT 'what, else')")
    assert bench.rows("SELECT * FROM base") == [["1", "x", None]]
    shown = "\n".join(row[0] or "" for row in bench.rows("SHOW CREATE TABLE base"))
    assert "`more` array<struct<a:int,b:string>> COMMENT 'what, else')" in shown
    assert "DROP" in bench.run("DROP VIEW seen")["SubstatementType"]
    bench.run("DROP TABLE IF EXISTS seen")
    other = f"{bench.name}_other"
    bench.run(f"CREATE DATABASE {other} COMMENT 'mine'")
    bench.run(f"CREATE TABLE {other}.t AS SELECT 1 AS a")
    assert "not empty" in bench.failure(f"DROP DATABASE {other}")["StateChangeReason"]
    bench.run(f"DROP DATABASE {other} CASCADE")
    assert bench.rows(f"SHOW DATABASES LIKE '{bench.name}*'") == [[bench.name]]


def test_partitions_are_added_and_dropped(bench: Bench) -> None:
    bench.put_parquet("far/x", n=[5])
    bench.run(
        f"CREATE EXTERNAL TABLE p (n bigint) PARTITIONED BY (d string) STORED AS PARQUET LOCATION 's3://{bench.name}/p/'"
    )
    bench.run(f"ALTER TABLE p ADD PARTITION (d = '1') LOCATION 's3://{bench.name}/far/' PARTITION (d = '2')")
    assert bench.rows("SELECT * FROM p") == [["5", "1"]]
    assert "already exists" in bench.failure("ALTER TABLE p ADD PARTITION (d = '2')")["StateChangeReason"]
    bench.run("ALTER TABLE p ADD IF NOT EXISTS PARTITION (d = '2')")
    bench.run("ALTER TABLE p DROP PARTITION (d = '1')")
    assert bench.rows("SHOW PARTITIONS p") == [["d=2"]]
    assert (
        "does not name the partition keys"
        in bench.failure("ALTER TABLE p ADD PARTITION (x = '2')")["StateChangeReason"]
    )


def test_the_catalogs_operations_show_what_statements_have_made(bench: Bench) -> None:
    bench.run("CREATE TABLE base AS SELECT 1 AS id")
    catalog = {"CatalogName": "AwsDataCatalog", "DatabaseName": bench.name}
    (table,) = bench.athena.list_table_metadata(**catalog, Expression="ba.*")["TableMetadataList"]
    assert (table["Name"], table["Columns"]) == ("base", [{"Name": "id", "Type": "int"}])
    assert bench.athena.get_table_metadata(**catalog, TableName="base")["TableMetadata"]["Name"] == "base"
    assert bench.name in [
        item["Name"] for item in bench.athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]
    ]
    with pytest.raises(bench.athena.exceptions.MetadataException):
        bench.athena.get_table_metadata(**catalog, TableName="lost")
