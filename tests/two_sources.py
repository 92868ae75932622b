"""A catalog with a second source, crm, which has one contract: what is there for each source is there twice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from totelake.contracts.sources import is_source

FIRST, SECOND = "totesys", "crm"
SOURCE = """name: crm
kind: postgres
description: Who may be written to.
owner: sales
secret: "{prefix}/crm"
schedule: cron(0 * * * ? *)
"""
CONTRACT = """apiVersion: v3.1.0
kind: DataContract
id: totelake.crm.contact
name: contact
version: 1.0.0
status: active
domain: crm
description:
  purpose: The table crm.contact as the ingestion jobs must find it.
schema:
  - name: contact
    logicalType: object
    physicalType: table
    physicalName: public.contact
    dataGranularityDescription: One row per person.
    customProperties:
      - {property: kind, value: source}
    properties:
      - name: contact_id
        logicalType: integer
        physicalType: integer
        required: true
        primaryKey: true
        primaryKeyPosition: 1
"""


def add_second_source(catalog: Path) -> None:
    """Write the second source into a copy of catalog/."""
    folder = catalog / "sources" / SECOND
    folder.mkdir()
    (folder / "source.yaml").write_text(SOURCE, encoding="utf-8")
    (folder / "contact.yaml").write_text(CONTRACT, encoding="utf-8")


def tables_of(files: Mapping[str, Any]) -> dict[str, list[str]]:
    """The names of the tables of each source, as the catalog's documents say."""
    found: dict[str, list[str]] = {}
    for path, document in files.items():
        if path.startswith("sources/") and not is_source(path):
            found.setdefault(path.split("/")[1], []).extend(entry["name"] for entry in document["schema"])
    return found
