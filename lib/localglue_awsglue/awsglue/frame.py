"""What a DynamicFrame is made of: a DataFrame, a schema that may have choices, and the errors of the steps before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from awsglue.collection import DynamicFrameCollection
from awsglue.expressions import Column
from awsglue.gluetypes import StructType
from awsglue.records import ERROR_COLUMNS, Errors
from awsglue.relations import selected
from awsglue.schemas import of_struct, tree
from awsglue.values import as_json, of_row

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from awsglue.context import GlueContext

SHARED = ("info", "stageThreshold", "totalThreshold")
"""What every transform takes beside its own parameters."""
T = TypeVar("T", bound="Frame")


class ErrorThresholdExceeded(Exception):
    """A step had as many errors as its threshold, or more."""


class Frame:
    """Records with their schema and errors, and how a next frame is made of them."""

    def __init__(
        self,
        jdf: DataFrame,
        glue_ctx: GlueContext,
        name: str = "",
        schema: StructType | None = None,
        errors: Sequence[Errors] = (),
    ) -> None:
        self._frame, self.glue_ctx, self.name = jdf, glue_ctx, name
        self._schema = schema or of_struct(jdf.schema)
        self._errors = tuple(errors)
        """Those of the step that made this frame come last."""

    def count(self) -> int:
        """The number of records without errors."""
        return int(self._frame.count())

    def schema(self) -> StructType:
        """The schema."""
        return self._schema

    def printSchema(self) -> None:  # noqa: N802
        """Print the schema as a tree."""
        print(tree(self._schema))  # noqa: T201

    def show(self, num_rows: int = 20) -> None:
        """Print records as JSON, one a line."""
        for row in self._frame.take(num_rows):
            print(json.dumps(of_row(tuple(row), self._schema), default=as_json, ensure_ascii=False))  # noqa: T201

    def getNumPartitions(self) -> int:  # noqa: N802
        """The number of partitions."""
        return int(self._frame.rdd.getNumPartitions())

    def errorsCount(self) -> int:  # noqa: N802
        """The errors of the steps that made this frame."""
        return sum(one.count for one in self._errors)

    def stageErrorsCount(self) -> int:  # noqa: N802
        """The errors of the last step."""
        return self._errors[-1].count if self._errors else 0

    def errorsAsDynamicFrame(self: T) -> T:  # noqa: N802
        """A frame with a record `error` of message, stack_trace and record (JSON) for each error."""
        found = self.glue_ctx.spark_session.createDataFrame([], ERROR_COLUMNS)
        for rows in [one.rows for one in self._errors if one.rows is not None]:
            found = found.union(rows)
        made = found.selectExpr("struct(message, stack_trace, record) AS error")
        return type(self)(made, self.glue_ctx, f"{self.name}_errors")

    @property
    def step_errors(self) -> tuple[Errors, ...]:
        """The errors of each step, the last one last."""
        return self._errors

    def assertErrorThreshold(self) -> None:  # noqa: N802
        """Raises ErrorThresholdExceeded when there are errors."""
        if self.errorsCount():
            first = next(one.rows.first() for one in self._errors if one.rows is not None)
            said = f", the first: {first[0]}" if first else ""
            raise ErrorThresholdExceeded(f"{self.name or 'the frame'} has {self.errorsCount()} errors{said}")

    def _of(self: T, columns: Sequence[Column], name: str, **shared: Any) -> T:
        """The next frame, of these columns."""
        frame, kind = selected(self._frame, list(columns))
        return self._next(frame, kind, name, **shared)

    def _next(
        self: T,
        frame: DataFrame,
        kind: StructType,
        name: str,
        errors: Errors | None = None,
        others: Sequence[Errors] = (),
        **shared: Any,
    ) -> T:
        """The next frame; `others` are the errors of another frame that it is made of.

        Raises ErrorThresholdExceeded, and TypeError for a parameter that no transform has.
        """
        unknown = set(shared) - set(SHARED)
        if unknown:
            raise TypeError(f"the transform has no parameter {', '.join(sorted(unknown))}")
        stage = errors or Errors(0)
        made = type(self)(frame, self.glue_ctx, name or self.name, kind, (*self._errors, *others, stage))
        made._check(int(shared.get("stageThreshold", 0)), int(shared.get("totalThreshold", 0)), shared.get("info", ""))
        return made

    def _check(self, most_of_stage: int, most: int, info: str) -> None:
        for kind, limit, count in (
            ("stageThreshold", most_of_stage, self.stageErrorsCount()),
            ("totalThreshold", most, self.errorsCount()),
        ):
            if 0 < limit <= count:
                what = info or self.name or "the step"
                raise ErrorThresholdExceeded(f"{what} has {count} errors, and its {kind} is {limit}")

    def _collection(self: T, frames: Mapping[str, T]) -> DynamicFrameCollection:
        return DynamicFrameCollection(frames, self.glue_ctx)  # type: ignore[arg-type]
