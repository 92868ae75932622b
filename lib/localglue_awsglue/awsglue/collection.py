"""Several frames by name, as `relationalize` and `split_rows` return them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from awsglue.context import GlueContext
    from awsglue.dynamicframe import DynamicFrame


class DynamicFrameCollection:
    """Frames by name."""

    def __init__(self, dynamic_frames: Mapping[str, DynamicFrame], glue_ctx: GlueContext) -> None:
        self._frames, self._glue_ctx = dict(dynamic_frames), glue_ctx

    def keys(self) -> list[str]:
        """The names."""
        return list(self._frames)

    def values(self) -> list[DynamicFrame]:
        """The frames."""
        return list(self._frames.values())

    def items(self) -> list[tuple[str, DynamicFrame]]:
        """Names and frames."""
        return list(self._frames.items())

    def select(self, key: str, transformation_ctx: str = "") -> DynamicFrame:
        """The frame of this name. Raises KeyError."""
        if key not in self._frames:
            raise KeyError(f"the collection has no frame '{key}'; it has {', '.join(self._frames)}")
        return self._frames[key]

    def map(self, callable: Callable[..., DynamicFrame], transformation_ctx: str = "") -> DynamicFrameCollection:  # noqa: A002
        """The collection of what a function makes of each frame; it takes the frame and a transformation context."""
        made = {name: callable(frame, f"{transformation_ctx}{name}") for name, frame in self._frames.items()}
        return DynamicFrameCollection(made, self._glue_ctx)

    def flatmap(
        self, f: Callable[..., DynamicFrame | DynamicFrameCollection], transformation_ctx: str = "", **arguments: Any
    ) -> DynamicFrameCollection:
        """The collection of the frames that a function makes of each frame: one, or a collection of several."""
        made: dict[str, DynamicFrame] = {}
        for name, frame in self._frames.items():
            found = f(frame, **arguments)
            if isinstance(found, DynamicFrameCollection):
                made.update({f"{name}_{inner}": one for inner, one in found.items()})
            else:
                made[name] = found
        return DynamicFrameCollection(made, self._glue_ctx)

    def __getitem__(self, key: str) -> DynamicFrame:
        return self.select(key)

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)
