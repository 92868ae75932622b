"""What a crawler may change, read from its definition."""

from __future__ import annotations

import json
from dataclasses import dataclass

from localglue.documents import Document


@dataclass(frozen=True)
class Policy:
    """SchemaChangePolicy, RecrawlPolicy and Configuration of a crawler."""

    updates: bool
    """Tables and partitions that are registered may change; new ones are always registered."""
    deletion: str
    """What happens to what is gone: LOG, DELETE_FROM_DATABASE or DEPRECATE_IN_DATABASE."""
    only_new_folders: bool
    inherits: bool
    """Partitions have the columns of their table."""
    only_merges: bool
    """Columns that are registered keep their types."""

    @classmethod
    def of(cls, crawler: Document) -> Policy:
        """The crawler's policy; crawling new folders only forces both behaviours to LOG, as on AWS."""
        schema = crawler.get("SchemaChangePolicy", {})
        only_new = crawler.get("RecrawlPolicy", {}).get("RecrawlBehavior") == "CRAWL_NEW_FOLDERS_ONLY"
        output = json.loads(crawler.get("Configuration") or "{}").get("CrawlerOutput", {})
        return cls(
            updates=not only_new and schema.get("UpdateBehavior", "UPDATE_IN_DATABASE") == "UPDATE_IN_DATABASE",
            deletion="LOG" if only_new else schema.get("DeleteBehavior", "DEPRECATE_IN_DATABASE"),
            only_new_folders=only_new,
            inherits=output.get("Partitions", {}).get("AddOrUpdateBehavior") == "InheritFromTable",
            only_merges=output.get("Tables", {}).get("AddOrUpdateBehavior") == "MergeNewColumns",
        )
