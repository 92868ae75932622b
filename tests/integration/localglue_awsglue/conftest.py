"""awsglue on the path, a context over the session of all tests, and frames of records."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

LIBRARY = str(ROOT / "lib" / "localglue_awsglue")
sys.path.append(LIBRARY)


@pytest.fixture(scope="package")
def context(spark: Any) -> Iterator[Any]:
    """The context of a script."""
    from awsglue.context import GlueContext

    # Python workers of Spark import what a script's functions are pickled with
    spark.sparkContext.environment["PYTHONPATH"] = LIBRARY
    yield GlueContext(spark.sparkContext)
    del spark.sparkContext.environment["PYTHONPATH"]


@pytest.fixture
def frame(context: Any) -> Callable[..., Any]:
    """Makes a frame of records, as a source does, but without the Python processes of Spark."""
    from awsglue.dynamicframe import DynamicFrame
    from awsglue.gluetypes import StructType
    from awsglue.schemas import merged_structs, struct_of
    from awsglue.values import to_row, type_of

    def make(*records: dict[str, Any]) -> Any:
        kind: Any = functools.reduce(merged_structs, map(type_of, records), StructType())
        rows = [to_row(one, kind) for one in records]
        return DynamicFrame(context.createDataFrame(rows, struct_of(kind), verifySchema=False), context, "frame", kind)

    return make


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., str]:
    """Writes files of a folder, `__` in a name being a folder's end; the folder."""

    def write(**contents: str) -> str:
        for name, content in contents.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return str(tmp_path)

    return write


def records(found: Any) -> list[dict[str, Any]]:
    """The records of a frame, in an order of their own."""
    from awsglue.values import of_row

    rows = [of_row(tuple(row), found.schema()) for row in found.toDF().collect()]
    return sorted(rows, key=repr)


def types(found: Any) -> dict[str, str]:
    """The words of the types of a frame's fields."""
    return {one.name: one.dataType.typeName() for one in found.schema()}
