"""What becomes of `--enable-glue-datacatalog`: Spark's SQL does not see the Data Catalog here, and no job may think so.

A query of a table of the Data Catalog fails by itself. What writes a table would succeed, in a metastore that ends with
the run; so a script that does is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from localglue.errors import InvalidInput

_OPTION, _CONF, _CATALOG = "--enable-glue-datacatalog", "--conf", "spark.sql.catalog."
_WRITES = re.compile(
    r"\.\s*(?:saveAsTable|insertInto|createTable|createExternalTable)\s*\("
    r"|\b(?:CREATE|REPLACE)\s+(?:EXTERNAL\s+)?(?:TABLE|DATABASE|SCHEMA)\b"
    r"|\b(?:ALTER|MSCK\s+REPAIR|DROP|TRUNCATE)\s+(?:TABLE|DATABASE|SCHEMA)\b"
    r"|\bINSERT\s+(?:INTO|OVERWRITE)\b",
    re.IGNORECASE,
)
_REMEDY = "read with create_dynamic_frame.from_catalog, and write with getSink and setCatalogInfo"


def is_asked_for(arguments: Mapping[str, str]) -> bool:
    """Whether the run wants the Data Catalog in Spark's SQL, and has no catalogue of its own by --conf."""
    return arguments.get(_OPTION, "false").lower() != "false" and _CATALOG not in arguments.get(_CONF, "")


def notice(arguments: Mapping[str, str]) -> str:
    """What the log of such a run says first; nothing for another run."""
    if not is_asked_for(arguments):
        return ""
    return f"localglue: Spark's SQL does not see the Data Catalog here, whatever {_OPTION} says; {_REMEDY}"


def refuse_writes(script: str, arguments: Mapping[str, str]) -> None:
    """Raises InvalidInput for a script of such a run that writes a table of a database by Spark's SQL."""
    found = _WRITES.search(script) if is_asked_for(arguments) else None
    if found:
        line = script.count("\n", 0, found.start()) + 1
        words = " ".join(found.group().split()).strip("( .")
        raise InvalidInput(
            f"line {line} of the script ({words}) needs the Data Catalog as Spark's metastore ({_OPTION}), which "
            f"localglue does not have, so the table would be gone with the run; {_REMEDY}"
        )
