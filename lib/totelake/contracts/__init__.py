"""The contracts of every table and the pipeline's description, read from catalog/."""

from __future__ import annotations

from totelake.contracts.catalog import Catalog, catalog
from totelake.contracts.model import Column, Table

__all__ = ["Catalog", "Column", "Table", "catalog"]
