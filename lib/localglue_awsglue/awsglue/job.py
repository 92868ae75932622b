"""The job of a run: begun with its arguments, committed at its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from awsglue.bookmarks import Bookmark
from awsglue.utils import bookmark_option

if TYPE_CHECKING:
    from awsglue.context import GlueContext


class Job:
    """The run's job: sources of its context follow the job's bookmark from `init` on."""

    def __init__(self, glue_context: GlueContext) -> None:
        self._context = glue_context
        self._bookmark: Bookmark | None = None

    def init(self, job_name: str, args: Mapping[str, Any] | None = None) -> None:
        """Begin; `args` is what getResolvedOptions returned, and says how the bookmark is used."""
        given = dict(args or {})
        self._bookmark = Bookmark(
            job_name,
            str(given.get("JOB_RUN_ID") or ""),
            bookmark_option(given),
            str(given.get("job_bookmark_from") or ""),
            str(given.get("job_bookmark_to") or ""),
        )
        self._context.bookmark = self._bookmark

    def isInitialized(self) -> bool:  # noqa: N802 - the name is AWS's
        """Whether `init` was called."""
        return self._bookmark is not None

    def commit(self) -> None:
        """Remember what the sources have read, all of it or nothing. Raises RuntimeError before `init`."""
        if self._bookmark is None:
            raise RuntimeError("job.commit() needs job.init(args['JOB_NAME'], args) before it")
        self._bookmark.commit()
