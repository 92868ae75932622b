"""The contracts of every source and table and the pipeline's description, read from catalog/."""

from __future__ import annotations

from totelake.contracts.contracts import Contracts, load_contracts
from totelake.contracts.model import Column, Table, TableId

__all__ = ["Column", "Contracts", "Table", "TableId", "load_contracts"]
