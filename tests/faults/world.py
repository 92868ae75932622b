"""A whole pipeline in one process: a real source, both buckets, catalogue, crawler, warehouse, and the jobs in turn.

No workflow runs, so batches cost little. After a chain the content is compared with the source, with a history that
the test keeps by itself, and the lake with the warehouse.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.conftest import KEY, SOURCE, Postgres
from tests.e2e import lake
from tests.e2e.pipeline import ORACLE, Rows, difference, query, warehouse_tables
from tests.faults.history import History
from totelake.canary.shell import canary_shell
from totelake.canary.spark import canary_spark
from totelake.capture.ingest import ingest
from totelake.contracts import load_contracts
from totelake.contracts.model import FACT, Table
from totelake.contracts.types import is_time
from totelake.lake.commits import CommitLog
from totelake.operate.maintain.job import maintain_lake
from totelake.operate.reconcile.compare import look_of_database, reconcile
from totelake.operate.reconcile.finding import DIFFERS
from totelake.operate.watch import watch
from totelake.ports.postgres_address import PostgresAddress
from totelake.ports.s3 import S3Store
from totelake.registry.audit import audit_catalog
from totelake.registry.check import check_schemas
from totelake.runtime import Clients, Job, open_job
from totelake.runtime.job_arguments import (
    AuditArguments,
    BuildAndLoadArguments,
    BuildArguments,
    CanaryShellArguments,
    CanarySparkArguments,
    CheckArguments,
    IngestArguments,
    JobArguments,
    LoadArguments,
    MaintainArguments,
    WatchArguments,
    parse_arguments,
)
from totelake.seed.generated import seed_generated
from totelake.star.job import build_dimensions, build_facts
from totelake.warehouse.fused import build_and_load
from totelake.warehouse.load import load_warehouse

INGEST, CHECK, DIMENSIONS, FACTS, LOAD = "ingest", "check_schemas", "build_dimensions", "build_facts", "load_warehouse"
JOBS = (INGEST, CHECK, DIMENSIONS, FACTS, LOAD)
# in place of builders and load where pipeline.yaml says `publish: fused`
FUSED = "build_and_load"
WATCH, MAINTAIN, AUDIT = "watch", "maintain_lake", "audit_catalog"
CANARY_SHELL, CANARY_SPARK = "canary_shell", "canary_spark"
# by the name of its script: what a job does, and the arguments that it takes
WORK: Mapping[str, tuple[Callable[[Any], Any], type[JobArguments]]] = {
    INGEST: (ingest, IngestArguments),
    CHECK: (check_schemas, CheckArguments),
    DIMENSIONS: (build_dimensions, BuildArguments),
    FACTS: (build_facts, BuildArguments),
    LOAD: (load_warehouse, LoadArguments),
    FUSED: (build_and_load, BuildAndLoadArguments),
    WATCH: (watch, WatchArguments),
    MAINTAIN: (maintain_lake, MaintainArguments),
    AUDIT: (audit_catalog, AuditArguments),
    CANARY_SHELL: (canary_shell, CanaryShellArguments),
    CANARY_SPARK: (canary_spark, CanarySparkArguments),
}
SERVICES = ("s3", "glue", "secretsmanager", "cloudwatch")
UNTIL = datetime(2024, 8, 30, 12)


class World:
    """One pipeline with resources of its own."""

    def __init__(self, postgres: Postgres, endpoint: str, localglue: str, scratch: Path, orders: int = 40) -> None:
        name = uuid.uuid4().hex[:12]
        self.postgres, self.endpoint, self.localglue, self.scratch = postgres, endpoint, localglue, scratch
        self.ingestion, self.processed = f"ingestion-{name}", f"processed-{name}"
        self.ingestion_database, self.processed_database = f"ingestion_{name}", f"processed_{name}"
        self.crawlers, self._secret = f"crawler-{name}", name
        self.crawler = f"{self.crawlers}-{SOURCE}"
        self.clients, self.job_clients = self.new_clients(), self.new_clients()
        self.s3, self.glue = self.clients.s3, self.clients.glue
        self.source_dsn = postgres.new_database()
        self.warehouse_dsn = postgres.new_database("totelake_loader")
        self._make_lake()
        for role, dsn in (("reader", self.source_dsn), ("loader", self.warehouse_dsn)):
            secret = json.dumps(postgres.secret(dsn, f"totelake_{role}"))
            self.clients.secretsmanager.create_secret(Name=f"{role}-{name}", SecretString=secret)
        seed_generated(self.source_dsn, orders, days=90, until=UNTIL)
        self.history = History(self)
        self.is_sound = False

    def _make_lake(self) -> None:
        for bucket in (self.ingestion, self.processed):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        for database in (self.ingestion_database, self.processed_database):
            self.glue.create_database(DatabaseInput={"Name": database})
        self.glue.create_crawler(
            Name=self.crawler,
            Role="local",
            DatabaseName=self.ingestion_database,
            Targets=self._targets(),
            Configuration=json.dumps(
                {"Version": 1.0, "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}}
            ),
        )

    def _targets(self) -> dict[str, Any]:
        """What the crawler looks at, as a deployment has it."""
        tables = load_contracts().source_tables(SOURCE)
        return {"S3Targets": [{"Path": f"s3://{self.ingestion}/{SOURCE}/{table.name}/"} for table in tables]}

    def target_crawler(self) -> None:
        """Let the crawler look at the tables of the contracts of now, as a deployment does."""
        self.glue.update_crawler(Name=self.crawler, Targets=self._targets())

    def new_clients(self) -> Clients:
        """Clients of all services that jobs use."""
        found = Clients("eu-west-2", {"": self.endpoint, "glue": self.localglue}, (KEY, KEY))
        for service in SERVICES:
            found.client(service)
        return found

    def given(self) -> dict[str, Any]:
        """The arguments of a deployment, by name; each job gets those that it knows."""
        return {
            "source": SOURCE,
            "ingestion_bucket": self.ingestion,
            "processed_bucket": self.processed,
            "ingestion_database": self.ingestion_database,
            "processed_database": self.processed_database,
            "crawler": self.crawler,
            "crawlers": self.crawlers,
            "prefix": self.crawlers,
            "source_secret": f"reader-{self._secret}",
            "warehouse_secret": f"loader-{self._secret}",
            # tests count commits, so builders compact where a test says so, not after the 32nd of them
            "compact_objects": 1_000_000,
        }

    def words(self, job: str, **more: Any) -> list[str]:
        """The argv of a job's script without its own name."""
        known = {field.name for field in fields(WORK[job][1])}
        given = {**{name: value for name, value in self.given().items() if name in known}, **more}
        return [word for name, value in given.items() for word in (f"--{name}", str(value))]

    @contextmanager
    def opened(self, job: str, clients: Clients | None = None, **more: Any) -> Iterator[Job[Any]]:
        """A job as its script opens it."""
        arguments = parse_arguments(["script", *self.words(job, **more)], WORK[job][1])
        with open_job(arguments, clients or self.job_clients) as found:
            yield found

    def run(self, job: str, clients: Clients | None = None, **more: Any) -> Any:
        """One run of a job, which may fail as its script would."""
        with self.opened(job, clients, **more) as found:
            return WORK[job][0](found)

    def chain(self, jobs: Sequence[str] = JOBS) -> None:
        """The jobs in turn."""
        for job in jobs:
            self.run(job)

    def edit(self, with_dimension: bool = False) -> None:
        """The same kinds of changes each time: two sales of different months, a payment replaced; a design as well."""
        columns = ", ".join(_payment_columns())
        if with_dimension:
            change = "designs AS (UPDATE design SET file_name = file_name || '+' WHERE design_id = 1), "
        else:
            change = ""
        self.source(
            "WITH months AS (SELECT DISTINCT ON (date_trunc('month', created_at)) sales_order_id FROM sales_order "
            "ORDER BY date_trunc('month', created_at), units_sold LIMIT 2), "
            f"{change}last AS (SELECT max(payment_id) AS id FROM payment), "
            "gone AS (DELETE FROM payment USING last WHERE payment_id = last.id RETURNING payment.*), "
            f"again AS (INSERT INTO payment ({columns}) SELECT {columns} FROM gone) "
            "UPDATE sales_order AS s SET units_sold = units_sold + 1 FROM months AS m "
            "WHERE s.sales_order_id = m.sales_order_id"
        )

    def settle(self) -> dict[str, Any]:
        """Run the chain to its end; where the content is not what it must be. What changed since is one batch."""
        self.chain()
        self.history.add(self.newest())
        found = self.differences()
        self.is_sound = not found
        return found

    def source(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """A transaction of the source's owner."""
        return query(self.source_dsn, statement, *values)

    def warehouse(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        return query(self.warehouse_dsn, statement, *values)

    def use_warehouse(self, dsn: str) -> None:
        """Let the secret name another warehouse."""
        self.warehouse_dsn = dsn
        document = json.dumps(self.postgres.secret(dsn, "totelake_loader"))
        self.clients.secretsmanager.put_secret_value(SecretId=f"loader-{self._secret}", SecretString=document)

    def log(self, name: str = SOURCE) -> CommitLog:
        """A log of commits: the source's, the verdicts', or a star table's."""
        star = {table.name for table in warehouse_tables()}
        return CommitLog(S3Store(self.s3, self.processed if name in star else self.ingestion), name)

    def newest(self, name: str = SOURCE) -> int:
        """The number of a log's newest commit."""
        return self.log(name).newest_number() or 0

    def expected(self, table: Table) -> Rows:
        """The table's current rows as the hand-written SQL derives them from the source."""
        return Counter(self.source((ORACLE / f"{table.name}.sql").read_text(encoding="utf-8")))

    def loaded(self, table: Table, relation: str = "") -> Rows:
        """The table's rows in the warehouse, without the serial number."""
        columns = ", ".join(f'"{column.name}"' for column in table.lake_columns)
        return Counter(self.warehouse(f"SELECT {columns} FROM {relation or table.name}"))

    def in_lake(self, table: Table) -> Rows:
        """The rows that the catalogue's view shows, typed as the warehouse types them."""
        columns = ", ".join(
            f'CAST("{column.name}" AS time)' if is_time(column.type) else f'"{column.name}"'
            for column in table.lake_columns
        )
        return Counter(lake.select(self.glue, self.s3, table.name, columns, self.scratch, self.processed_database))

    def differences(self, with_history: bool = True) -> dict[str, Any]:
        """Where source, history, warehouse and lake differ; empty when all are equal."""
        found: dict[str, Any] = {}
        for table in warehouse_tables():
            now = self.loaded(table, f"current_{table.short_name}" if table.kind == FACT else "")
            sides = {"warehouse": (self.expected(table), now), "lake": (self.loaded(table), self.in_lake(table))}
            if table.kind == FACT and with_history:
                sides["history"] = (self.history.of(table), self.loaded_history(table))
            for side, (wanted, actual) in sides.items():
                if wrong := difference(wanted, actual):
                    found[f"{table.name} {side}"] = wrong
        return found

    def findings(self) -> list[Any]:
        """What a reconciliation says differs."""
        return [item for item in self.all_findings() if item.outcome == DIFFERS]

    def all_findings(self) -> list[Any]:
        """What a reconciliation says."""
        secret = self.postgres.secret(self.source_dsn, "totelake_reader")
        address = PostgresAddress.from_secret(secret, "of the test")
        lake = S3Store(self.s3, self.ingestion), S3Store(self.s3, self.processed)
        look = look_of_database(address, lake[0])
        return list(reconcile(*lake, load_contracts(), SOURCE, look, self.warehouse_dsn))

    def loaded_history(self, table: Table) -> Rows:
        """Every version of a fact with its batch, and its deletions."""
        columns = ", ".join(f'f."{column.name}"' for column in table.lake_columns)
        versions = self.warehouse(
            f"SELECT v.batch, v.source_key, {columns} FROM etl.fact_version AS v "
            f'JOIN {table.name} AS f ON f."{table.key[0].name}" = v.record_id WHERE v.target_table = %s',
            table.name,
        )
        deletions = self.warehouse("SELECT batch, source_key FROM etl.deletion WHERE target_table = %s", table.name)
        return Counter([*((batch, key, tuple(row)) for batch, key, *row in versions), *deletions])

    def content(self, with_times: bool = True) -> dict[str, Rows]:
        """All that the warehouse holds but serial numbers and times of application; times of capture as asked for."""
        found = {table.name: self.loaded(table) for table in warehouse_tables()}
        for table in load_contracts().facts(SOURCE):
            found[f"{table.name} history"] = self.loaded_history(table)
        for name, columns in _ETL.items():
            names = columns if with_times else columns.replace(", captured_at", "")
            found[name] = Counter(self.warehouse(f"SELECT {names} FROM etl.{name}"))
        return found


def _payment_columns() -> tuple[str, ...]:
    """All but the key."""
    table = load_contracts().find("payment")
    return tuple(name for name in table.column_names if name != table.key_name)


_ETL = {
    "batch": "target_table, source, batch, rows, deletions, quarantined, held, captured_at",
    "fact_version": "target_table, source_key, batch, captured_at",
    "deletion": "target_table, source_key, batch, captured_at",
    "dimension_version": "target_table, dimension_key, batch, deleted",
    "quarantine": "target_table, source_key, batch, operation, rule, column_name, value, payload::text, status",
}
