"""What a crawler may change, and partitions that another client adds."""

from __future__ import annotations

from typing import Any

import pytest

from localglue.crawl_partitions import Partitions
from localglue.crawl_policy import Policy
from localglue.discovery import FoundTable
from localglue.errors import GlueError
from localglue.table_inputs import changed_table, columns_of


def test_a_policy_is_read_from_the_crawler() -> None:
    assert Policy.of({}) == Policy(True, "DEPRECATE_IN_DATABASE", False, False, False)
    only_new = {
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"},
        "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DELETE_FROM_DATABASE"},
    }
    assert Policy.of(only_new) == Policy(False, "LOG", True, False, False)


@pytest.mark.parametrize(("code", "fails"), [("AlreadyExistsException", False), ("InternalServiceException", True)])
def test_a_partition_that_another_client_adds_meanwhile_is_not_an_error(code: str, fails: bool) -> None:
    class DataCatalog:
        def call(self, operation: str, request: Any) -> Any:
            return {"Errors": [{"PartitionValues": ["1"], "ErrorDetail": {"ErrorCode": code}}]}

    partitions = Partitions(DataCatalog(), "d", "t", Policy.of({}), lambda: None)  # type: ignore[arg-type]
    if not fails:
        partitions._in_batches("BatchCreatePartition", "PartitionInputList", [{}], 100)
        return
    with pytest.raises(GlueError, match="BatchCreatePartition on table t was rejected"):
        partitions._in_batches("BatchCreatePartition", "PartitionInputList", [{}], 100)


def test_a_column_that_is_registered_with_capitals_is_not_added_again() -> None:
    found = FoundTable("t", "s3://b/t/")
    found.content.columns |= {"deliverynote": "string", "more": "int"}
    columns = [{"Name": "deliveryNote", "Type": "int"}]
    present = {"Name": "t", "StorageDescriptor": {"Location": "s3://b/t/", "Columns": columns}}
    changed = changed_table(found, present, "crawler", "1", only_merge=False)
    assert columns_of(changed) == [("deliveryNote", "string"), ("more", "int")]
