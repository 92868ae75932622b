"""Looks at what a job's role may do: who it is, and the calls of the pipeline at the Data Catalog."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from totelake.canary.look import Look, unknown
from totelake.lake.tables import parquet_storage
from totelake.ports.schema_catalog import SchemaCatalog
from totelake.runtime.clients import Clients
from totelake.runtime.outcome import Result, ok, problem, warning

_ASSUMED = ":assumed-role/"
_TABLE = "totelake_canary_"
_COLUMNS = [("id", "int")]
_LOST = "read the table in the console; somebody else may have changed it, so start the canary again"


def probe_table(label: str) -> str:
    """The table that a job of the canary makes; `totelake canary` deletes it, for no job may."""
    return _TABLE + label.removeprefix("canary_").replace("-", "_")


def role(clients: Clients, is_aws: bool) -> Look:
    """The role that AWS Glue assumed for the job."""
    return Look("role", "a role that AWS Glue assumed", partial(_role, clients, is_aws))


def _role(clients: Clients, is_aws: bool) -> Result:
    # an old boto3 asks the one global endpoint of STS, which a VPC with endpoints alone does not reach
    os.environ.setdefault("AWS_STS_REGIONAL_ENDPOINTS", "regional")
    return judge_role(str(clients.client("sts").get_caller_identity()["Arn"]), is_aws)


def judge_role(arn: str, is_aws: bool) -> Result:
    """Whether an identity is an assumed role."""
    if _ASSUMED in arn:
        return ok(arn)
    if not is_aws:
        return unknown(f"{arn}, this machine's", "look on AWS")
    return warning(arn, "let the job have its own role, which Terraform makes: `make deploy`")


def catalogue(catalog: SchemaCatalog, name: str, location: str) -> Look:
    """The calls of the pipeline at the Data Catalog, by a table of the canary's own."""
    expected = f"a table and a partition of {catalog.database} can be made, read and changed"
    return Look("Data Catalog", expected, partial(_catalogue, catalog, name, location), seconds=60)


def _catalogue(catalog: SchemaCatalog, name: str, location: str) -> Result:
    others = sum(1 for table in catalog.tables() if table["Name"] != name)
    is_new = catalog.create(_table(name, location, "made by the canary"))
    table = catalog.table(name)
    if table is None:
        return problem(f"{name} was made and is not there", _LOST)
    is_changed = catalog.replace(_table(name, location, "changed by the canary"), table, keep_version=False)
    partition = {"Values": ["1"], "StorageDescriptor": parquet_storage(f"{location}part=1/", _COLUMNS)}
    catalog.add_partitions(name, [partition])
    catalog.replace_partitions(name, [partition])
    is_replaced = catalog.replace_partition(name, partition)
    found = [item["Values"] for item in catalog.partitions(name)]
    told = (
        f"{name} {'made' if is_new else 'found'}, {'changed' if is_changed else 'not changed'}, "
        f"partitions {found}, beside {others} other tables"
    )
    return ok(told) if is_changed and is_replaced and found == [["1"]] else problem(told, _LOST)


def _table(name: str, location: str, description: str) -> dict[str, Any]:
    return {
        "Name": name,
        "Description": description,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": parquet_storage(location, _COLUMNS),
        "PartitionKeys": [{"Name": "part", "Type": "string"}],
    }
