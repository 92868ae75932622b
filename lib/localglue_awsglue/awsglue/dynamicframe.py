"""The DynamicFrame: a DataFrame with a schema that may have choices, and the errors of the steps that made it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Union

from awsglue import gluetypes as glue
from awsglue import mappings, rows
from awsglue.choices import ResolveOption, choices_in, resolved
from awsglue.collection import DynamicFrameCollection
from awsglue.expressions import parse_path, top
from awsglue.frame import SHARED, ErrorThresholdExceeded, Frame
from awsglue.missing import NotThere
from awsglue.readers import DynamicFrameReader, DynamicFrameWriter
from awsglue.records import Errors, applied, frame_of, records_of
from awsglue.records import selected as kept_records
from awsglue.relations import flattened, relationalized, selected

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from awsglue.context import GlueContext

__all__ = [
    "DynamicFrame", "DynamicFrameCollection", "DynamicFrameReader", "DynamicFrameWriter", "ErrorThresholdExceeded",
    "ResolveOption",
]  # fmt: skip
Paths = Union[str, Sequence[str]]


class DynamicFrame(Frame):
    """Records without a fixed schema. Every transform returns a new frame, and is named after its step by `name`.

    Parameters that all transforms share: `info` is text for messages about errors; a step fails with
    ErrorThresholdExceeded when it has `stageThreshold` errors, or it and all before `totalThreshold`; 0 allows any.
    """

    @classmethod
    def fromDF(cls, dataframe: DataFrame, glue_ctx: GlueContext, name: str = "") -> DynamicFrame:  # noqa: N802
        """The frame of a DataFrame."""
        return cls(dataframe, glue_ctx, name)

    def toDF(self, options: Sequence[ResolveOption] | None = None) -> DataFrame:  # noqa: N802
        """The DataFrame; a choice that no option resolves is a struct with a field for each of its types."""
        columns = top(self._schema)
        for option in options or ():
            columns = option.resolve(columns)
        return selected(self._frame, columns)[0] if options else self._frame

    # fields

    def apply_mapping(
        self, mappings_: Sequence[tuple[str, ...]] = (), transformation_ctx: str = "", **others: Any
    ) -> DynamicFrame:
        """The fields of (source, source type, target, target type), or (source, target), and no others."""
        given = others.pop("mappings", mappings_)
        case_sensitive = others.pop("caseSensitive", others.pop("case_sensitive", True))
        return self._of(mappings.mapped(top(self._schema), given, case_sensitive), transformation_ctx, **others)

    def drop_fields(self, paths: Paths, transformation_ctx: str = "", **others: Any) -> DynamicFrame:
        """The frame without these fields, nested ones included; a path without a field is ignored."""
        return self._of(mappings.dropped(top(self._schema), _listed(paths)), transformation_ctx, **others)

    def select_fields(self, paths: Paths, transformation_ctx: str = "", **others: Any) -> DynamicFrame:
        """The frame of these fields, nested ones in their structs; a path without a field is ignored."""
        return self._of(mappings.chosen(top(self._schema), _listed(paths)), transformation_ctx, **others)

    def rename_field(self, oldName: str, newName: str, transformation_ctx: str = "", **others: Any) -> DynamicFrame:  # noqa: N803
        """The frame with a field of another name, or at another place; as it was when there is no such field."""
        columns = mappings.renamed(top(self._schema), parse_path(oldName), parse_path(newName))
        return self._of(columns, transformation_ctx, **others)

    def drop_nulls(self, transformation_ctx: str = "", **others: Any) -> DynamicFrame:
        """The frame without the fields that are null in every record."""
        return self._of(mappings.without_nulls(self._frame, top(self._schema)), transformation_ctx, **others)

    def split_fields(
        self, paths: Paths, name1: str, name2: str, transformation_ctx: str = "", **others: Any
    ) -> DynamicFrameCollection:
        """A frame of these fields, and one of all others."""
        split = self.select_fields(paths, transformation_ctx, **others)
        return self._collection({name1: split, name2: self.drop_fields(paths, transformation_ctx, **others)})

    def resolveChoice(  # noqa: N802
        self,
        specs: Sequence[tuple[str, str]] | None = None,
        choice: str = "",
        database: str | None = None,
        table_name: str | None = None,
        transformation_ctx: str = "",
        catalog_id: str | None = None,
        **others: Any,
    ) -> DynamicFrame:
        """The frame with choices resolved: those of `specs`, each (path, action), or all by the action `choice`.

        Actions are cast:type, project:type, make_cols and make_struct; for `choice` also match_catalog, with the
        types of a table of the Data Catalog. Raises ValueError for neither, for both, and for another action.
        """
        if bool(specs) == bool(choice):
            raise ValueError("resolveChoice takes specs or choice, and not both; pass one of them")
        columns = top(self._schema)
        steps = [(parse_path(path), action) for path, action in specs or ()]
        if choice == "match_catalog":
            steps = self._catalog_types(database, table_name, catalog_id)
        elif choice:
            steps = [(path, choice) for path in choices_in(self._schema)]
        for path, action in steps:
            columns = resolved(columns, path, action)
        return self._of(columns, transformation_ctx, **others)

    def _catalog_types(
        self, database: str | None, table_name: str | None, catalog_id: str | None
    ) -> list[tuple[tuple[str, ...], str]]:
        if not database or not table_name:
            raise ValueError("resolveChoice with match_catalog needs database and table_name")
        found = self.glue_ctx.catalog(catalog_id).table(database, table_name).columns
        choices = {one.name for one in self._schema if isinstance(one.dataType, glue.ChoiceType)}
        return [((name,), f"cast:{kind}") for name, kind in found if name in choices]

    # nested records

    def unnest(self, transformation_ctx: str = "", **others: Any) -> DynamicFrame:
        """The frame with the fields of structs as fields of their own, named a.b."""
        return self._of(flattened(top(self._schema)), transformation_ctx, **others)

    def relationalize(
        self,
        root_table_name: str,
        staging_path: str | None = None,
        options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
        **others: Any,
    ) -> DynamicFrameCollection:
        """A frame without structs and arrays, and one for each array, whose `id` is in the array's field.

        `staging_path` is not used: the frames are kept where Spark keeps them.
        """
        tables = relationalized(self._frame, self._schema, root_table_name)
        made = {name: self._next(frame, kind, name, None, **others) for name, (frame, kind) in tables.items()}
        return self._collection(made)

    def unbox(self, path: str, format: str, transformation_ctx: str = "", **options: Any) -> DynamicFrame:  # noqa: A002
        """The frame with a field of JSON text replaced by what the text holds."""
        if format != "json":
            raise NotThere(f"unbox of the format {format}")
        shared = {name: options.pop(name) for name in SHARED if name in options}
        frame, kind, errors = rows.unboxed(self.glue_ctx.spark_session, self._frame, self._schema, parse_path(path))
        return self._next(frame, kind, transformation_ctx, errors, **shared)

    # records

    def map(
        self, f: Callable[[Any], Any], transformation_ctx: str = "", preservesPartitioning: bool = False, **others: Any
    ) -> DynamicFrame:  # noqa: N803
        """The frame of what a function makes of each record, which is a dict; where it raises, an error."""
        made = applied(f, records_of(self._frame, self._schema))
        frame, kind, errors = frame_of(self.glue_ctx.spark_session, made, self._schema)
        return self._next(frame, kind, transformation_ctx, errors, **others)

    def filter(self, f: Callable[[Any], Any], transformation_ctx: str = "", **others: Any) -> DynamicFrame:
        """The frame of the records for which a function is true; where it raises, an error."""
        made = kept_records(f, records_of(self._frame, self._schema))
        frame, kind, errors = frame_of(self.glue_ctx.spark_session, made, self._schema, self._schema)
        return self._next(frame, kind, transformation_ctx, errors, **others)

    def join(
        self, paths1: Paths, paths2: Paths, frame2: DynamicFrame, transformation_ctx: str = "", **others: Any
    ) -> DynamicFrame:
        """The pairs of records of which the fields are equal; a field of `frame2` whose name is taken is `.name`."""
        frame, kind = rows.joined(
            (self._frame, self._schema, _listed(paths1)), (frame2._frame, frame2._schema, _listed(paths2))
        )
        return self._next(frame, kind, transformation_ctx, None, frame2._errors, **others)

    def union(self, other: DynamicFrame, *more: Any, transformation_ctx: str = "", **others: Any) -> DynamicFrame:
        """The records of all frames, with the fields of all. Raises TypeError for what is neither frame nor ctx."""
        frames = [other, *(one for one in more if isinstance(one, DynamicFrame))]
        words = [one for one in more if not isinstance(one, DynamicFrame)]
        if len(words) > 1 or not all(isinstance(one, str) for one in words):
            raise TypeError(f"union takes frames and a transformation_ctx, and not {words}; name other parameters")
        found: rows.Typed = (self._frame, self._schema)
        errors: list[Errors] = []
        for one in frames:
            found = rows.united(found, (one._frame, one._schema))
            errors += one._errors
        return self._next(*found, transformation_ctx or "".join(words), None, errors, **others)

    def mergeDynamicFrame(  # noqa: N802
        self,
        stage_dynamic_frame: DynamicFrame,
        primary_keys: Paths,
        transformation_ctx: str = "",
        options: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> DynamicFrame:
        """The records of the staging frame, and those of this one whose keys it does not have."""
        keys = _listed(primary_keys)
        stage = stage_dynamic_frame
        kept = rows.without_keys((self._frame, self._schema), (stage._frame, stage._schema), keys)
        frame, kind = rows.united((kept, self._schema), (stage._frame, stage._schema))
        return self._next(frame, kind, transformation_ctx, None, stage._errors, **others)

    def split_rows(
        self,
        comparison_dict: Mapping[str, Mapping[str, Any]],
        name1: str,
        name2: str,
        transformation_ctx: str = "",
        **others: Any,
    ) -> DynamicFrameCollection:
        """A frame of the records for which all comparisons hold, as {"age": {">": 10}}, and one of all others."""
        condition = rows.comparison(top(self._schema), comparison_dict)
        parts = {name1: f"coalesce({condition}, false)", name2: f"NOT coalesce({condition}, false)"}
        made = {name: self._next(self._frame.where(text), self._schema, name, **others) for name, text in parts.items()}
        return self._collection(made)

    def repartition(self, num_partitions: int, transformation_ctx: str = "", **others: Any) -> DynamicFrame:
        """The frame in so many partitions."""
        return self._next(self._frame.repartition(num_partitions), self._schema, transformation_ctx, **others)

    def coalesce(
        self, num_partitions: int, shuffle: bool = False, transformation_ctx: str = "", **others: Any
    ) -> DynamicFrame:
        """The frame in at most so many partitions; with `shuffle` in exactly so many."""
        frame = self._frame.repartition(num_partitions) if shuffle else self._frame.coalesce(num_partitions)
        return self._next(frame, self._schema, transformation_ctx, **others)

    def spigot(
        self, path: str, options: Mapping[str, Any] | None = None, transformation_ctx: str = "", **others: Any
    ) -> DynamicFrame:
        """Write at most `topk` records (100), each with the probability `prob` (1), as JSON; this frame."""
        sample = rows.sampled(self._frame, options or {})
        self.glue_ctx.write_dynamic_frame_from_options(
            DynamicFrame(sample, self.glue_ctx, self.name, self._schema), "s3", {"path": path}, "json"
        )
        return self

    def write(
        self,
        connection_type: str,
        connection_options: Mapping[str, Any] | None = None,
        format: str | None = None,  # noqa: A002
        format_options: Mapping[str, Any] | None = None,
        accumulator_size: int = 0,
    ) -> DynamicFrame:
        """Write the records; this frame."""
        return self.glue_ctx.write_dynamic_frame_from_options(
            self, connection_type, connection_options, format, format_options
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotThere(f"DynamicFrame.{name}", "use toDF() and what Spark's DataFrame has")


def _listed(paths: Paths) -> list[str]:
    return [paths] if isinstance(paths, str) else list(paths)
