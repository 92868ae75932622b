"""What a crawler may change, and partitions that another client adds."""

from __future__ import annotations

from typing import Any

import pytest

from localglue.crawl_partitions import Partitions
from localglue.crawl_policy import Policy
from localglue.errors import GlueError


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
