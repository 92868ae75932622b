"""What a crawler may change in the Data Catalog, read from its definition."""

from __future__ import annotations

import json
from dataclasses import dataclass

from localapi.documents import Document
from localglue.grouping import Grouping


@dataclass(frozen=True)
class Policy:
    """SchemaChangePolicy, RecrawlPolicy and Configuration of a crawler."""

    updates: bool
    """Whether registered tables and partitions may change; new ones are always registered."""
    deletion: str
    """What to do when objects no longer exist: LOG, DELETE_FROM_DATABASE or DEPRECATE_IN_DATABASE."""
    only_new_folders: bool
    """Whether folders that are registered as partitions are skipped."""
    inherits: bool
    """Whether partitions take their columns from the table (InheritFromTable)."""
    only_merges: bool
    """Whether registered columns keep their types (MergeNewColumns)."""
    grouping: Grouping = Grouping()
    threshold: int | None = None
    """How many tables a crawl may find (TableThreshold)."""

    @classmethod
    def of(cls, crawler: Document) -> Policy:
        """The crawler's policy. CRAWL_NEW_FOLDERS_ONLY sets both behaviours to LOG, as on AWS."""
        schema = crawler.get("SchemaChangePolicy", {})
        only_new = crawler.get("RecrawlPolicy", {}).get("RecrawlBehavior") == "CRAWL_NEW_FOLDERS_ONLY"
        configuration = json.loads(crawler.get("Configuration") or "{}")
        output, grouping = configuration.get("CrawlerOutput", {}), configuration.get("Grouping", {})
        return cls(
            updates=not only_new and schema.get("UpdateBehavior", "UPDATE_IN_DATABASE") == "UPDATE_IN_DATABASE",
            deletion="LOG" if only_new else schema.get("DeleteBehavior", "DEPRECATE_IN_DATABASE"),
            only_new_folders=only_new,
            inherits=output.get("Partitions", {}).get("AddOrUpdateBehavior") == "InheritFromTable",
            grouping=Grouping(
                grouping.get("TableGroupingPolicy") == "CombineCompatibleSchemas",
                grouping.get("TableLevelConfiguration"),
            ),
            threshold=output.get("Tables", {}).get("TableThreshold"),
            only_merges=output.get("Tables", {}).get("AddOrUpdateBehavior") == "MergeNewColumns",
        )
