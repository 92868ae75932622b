"""The transforms as classes: `Name.apply(frame=…)` does what the frame's method of that name does."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from awsglue.collection import DynamicFrameCollection
from awsglue.dynamicframe import DynamicFrame, Paths
from awsglue.missing import NotThere

__all__ = [
    "ApplyMapping", "DropFields", "DropNullFields", "ErrorsAsDynamicFrame", "EvaluateDataQuality", "FillMissingValues",
    "Filter", "FindIncrementalMatches", "FindMatches", "FlatMap", "GlueTransform", "Join", "Map", "MapToCollection",
    "Relationalize", "RenameField", "ResolveChoice", "SelectFields", "SelectFromCollection", "Spigot", "SplitFields",
    "SplitRows", "Unbox", "Union", "UnnestFrame",
]  # fmt: skip


class GlueTransform:
    """A transform. `apply` makes one and calls it."""

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """What the transform makes of the arguments."""
        return cls()(*args, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the transform makes of the arguments. Raises NotImplementedError for one that is not there."""
        raise NotThere(f"the transform {self.name()}")

    @classmethod
    def name(cls) -> str:
        """The transform's name."""
        return cls.__name__

    @classmethod
    def describeTransform(cls) -> str:  # noqa: N802
        """What the transform does."""
        return inspect.getdoc(cls) or ""

    @classmethod
    def describeArgs(cls) -> list[dict[str, Any]]:  # noqa: N802
        """The arguments: name, whether it is optional, and its default."""
        found = list(inspect.signature(cls.__call__).parameters.values())[1:]
        return [
            {
                "name": one.name,
                "type": str(one.annotation),
                "description": "",
                "optional": one.default is not inspect.Parameter.empty or one.kind is inspect.Parameter.VAR_KEYWORD,
                "defaultValue": None if one.default is inspect.Parameter.empty else one.default,
            }
            for one in found
        ]

    @classmethod
    def describeReturn(cls) -> dict[str, Any]:  # noqa: N802
        """The type of the result."""
        return {"returnType": str(inspect.signature(cls.__call__).return_annotation), "description": ""}

    @classmethod
    def describeErrors(cls) -> list[dict[str, Any]]:  # noqa: N802
        """The errors that every transform raises."""
        return [{"type": "ErrorThresholdExceeded", "description": "the step has as many errors as its threshold"}]

    @classmethod
    def describe(cls) -> dict[str, Any]:
        """All of it."""
        return {
            "transform": {
                "name": cls.name(),
                "args": cls.describeArgs(),
                "returns": cls.describeReturn(),
                "description": cls.describeTransform(),
                "raises": cls.describeErrors(),
            }
        }


class ApplyMapping(GlueTransform):
    """The fields that mappings name, renamed, cast and nested."""

    def __call__(self, frame: DynamicFrame, mappings: Sequence[tuple[str, ...]], **others: Any) -> DynamicFrame:
        return frame.apply_mapping(mappings, **others)


class DropFields(GlueTransform):
    """The frame without some fields."""

    def __call__(self, frame: DynamicFrame, paths: Paths, **others: Any) -> DynamicFrame:
        return frame.drop_fields(paths, **others)


class DropNullFields(GlueTransform):
    """The frame without the fields that are null in every record."""

    def __call__(self, frame: DynamicFrame, **others: Any) -> DynamicFrame:
        return frame.drop_nulls(**others)


class ErrorsAsDynamicFrame(GlueTransform):
    """The errors of the steps that made a frame."""

    def __call__(self, frame: DynamicFrame) -> DynamicFrame:
        return frame.errorsAsDynamicFrame()


class Filter(GlueTransform):
    """The records for which a function is true."""

    def __call__(self, frame: DynamicFrame, f: Callable[[Any], Any], **others: Any) -> DynamicFrame:
        return frame.filter(f, **others)


class Map(GlueTransform):
    """What a function makes of each record."""

    def __call__(self, frame: DynamicFrame, f: Callable[[Any], Any], **others: Any) -> DynamicFrame:
        return frame.map(f, **others)


class Join(GlueTransform):
    """The pairs of records of two frames with equal keys."""

    def __call__(
        self, frame1: DynamicFrame, frame2: DynamicFrame, keys1: Paths, keys2: Paths, transformation_ctx: str = ""
    ) -> DynamicFrame:
        return frame1.join(keys1, keys2, frame2, transformation_ctx)


class Relationalize(GlueTransform):
    """Flat frames of a nested one."""

    def __call__(
        self,
        frame: DynamicFrame,
        staging_path: str | None = None,
        name: str = "roottable",
        options: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> DynamicFrameCollection:
        return frame.relationalize(name, staging_path, options, **others)


class RenameField(GlueTransform):
    """The frame with a field of another name."""

    def __call__(self, frame: DynamicFrame, old_name: str, new_name: str, **others: Any) -> DynamicFrame:
        return frame.rename_field(old_name, new_name, **others)


class ResolveChoice(GlueTransform):
    """The frame with choices resolved."""

    def __call__(
        self, frame: DynamicFrame, specs: Sequence[tuple[str, str]] | None = None, choice: str = "", **others: Any
    ) -> DynamicFrame:
        return frame.resolveChoice(specs, choice, **others)


class SelectFields(GlueTransform):
    """Some fields of a frame."""

    def __call__(self, frame: DynamicFrame, paths: Paths, **others: Any) -> DynamicFrame:
        return frame.select_fields(paths, **others)


class SelectFromCollection(GlueTransform):
    """A frame of a collection."""

    def __call__(self, dfc: DynamicFrameCollection, key: str, transformation_ctx: str = "") -> DynamicFrame:
        return dfc.select(key, transformation_ctx)


class Spigot(GlueTransform):
    """The frame, of which a sample is written."""

    def __call__(
        self, frame: DynamicFrame, path: str, options: Mapping[str, Any] | None = None, transformation_ctx: str = ""
    ) -> DynamicFrame:
        return frame.spigot(path, options, transformation_ctx)


class SplitFields(GlueTransform):
    """Some fields of a frame, and all others."""

    def __call__(
        self, frame: DynamicFrame, paths: Paths, name1: str = "", name2: str = "", **others: Any
    ) -> DynamicFrameCollection:
        return frame.split_fields(paths, name1 or f"{frame.name}1", name2 or f"{frame.name}2", **others)


class SplitRows(GlueTransform):
    """The records for which comparisons hold, and all others."""

    def __call__(
        self,
        frame: DynamicFrame,
        comparison_dict: Mapping[str, Mapping[str, Any]],
        name1: str = "frame1",
        name2: str = "frame2",
        **others: Any,
    ) -> DynamicFrameCollection:
        return frame.split_rows(comparison_dict, name1, name2, **others)


class Unbox(GlueTransform):
    """The frame with a field of JSON text replaced by what it holds."""

    def __call__(self, frame: DynamicFrame, path: str, format: str, **others: Any) -> DynamicFrame:  # noqa: A002
        return frame.unbox(path, format, **others)


class Union(GlueTransform):
    """The records of two frames."""

    def __call__(
        self, frame1: DynamicFrame, frame2: DynamicFrame, transformation_ctx: str = "", **others: Any
    ) -> DynamicFrame:
        return frame1.union(frame2, transformation_ctx=transformation_ctx, **others)


class UnnestFrame(GlueTransform):
    """The frame with the fields of structs as fields of their own."""

    def __call__(self, frame: DynamicFrame, **others: Any) -> DynamicFrame:
        return frame.unnest(**others)


class MapToCollection(GlueTransform):
    """The collection of what a function makes of each frame of a collection."""

    def __call__(
        self,
        dfc: DynamicFrameCollection,
        callable: Callable[..., DynamicFrame],
        transformation_ctx: str = "",  # noqa: A002
    ) -> DynamicFrameCollection:
        return dfc.map(callable, transformation_ctx)


class FlatMap(GlueTransform):
    """The collection of the frames that a transform makes of each frame of a collection."""

    def __call__(
        self,
        dfc: DynamicFrameCollection,
        BaseTransform: type[GlueTransform],  # noqa: N803
        frame_name: str,
        transformation_ctx: str = "",
        **base_kwargs: Any,
    ) -> DynamicFrameCollection:
        return dfc.flatmap(lambda frame: BaseTransform.apply(**{frame_name: frame}, **base_kwargs), transformation_ctx)


class FillMissingValues(GlueTransform):
    """Not there: AWS's needs a model of its service."""


class FindMatches(GlueTransform):
    """Not there: AWS's needs a model of its service."""


class FindIncrementalMatches(GlueTransform):
    """Not there: AWS's needs a model of its service."""


class EvaluateDataQuality(GlueTransform):
    """Not there."""
