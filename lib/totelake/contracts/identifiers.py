"""Names of columns and tables: which the lake takes, how the Data Catalog writes them, how each engine quotes them.

The rule, for a column of a source:

- kept as it is in the source and in parquet: letters and digits of any script, `_`, `-`, `$`, and spaces inside it;
- in the Data Catalog in lower case, as Athena and Glue's crawlers have it;
- blocks its table: any other character, a letter whose lower case is more than one, a name that is another column's but
  for case, and a name that the lake or Athena keeps.

A name of a contract is narrower: what PostgreSQL, Hive and Spark take without quotes, but for reserved words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

_CONTRACT = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_ALSO = frozenset("_-$ ")
# what every event has beside its source's columns
METADATA = ("_op", "_batch", "_captured_at", "_xid")
# the partition keys of the source tables: the Data Catalog refuses a column of that name
PARTITION_KEYS = ("ingested_on",)
# what a builder calls the reason against a row while it sorts rows
REASON = "_reason"
# hidden columns of every table in Athena
HIDDEN = ("$path", "$bucket", "$file_size", "$file_modified_time", "$partition", "$row_id")
RESERVED = frozenset((*METADATA, *PARTITION_KEYS, REASON, *HIDDEN))


def is_contract_name(name: str) -> bool:
    """Whether a contract may use the name for a table, column, schema or alias."""
    return _CONTRACT.fullmatch(name) is not None


def source_view_names(registered: str) -> tuple[str, str]:
    """The views over a source's registered table: of the newest version of each row, and of all versions."""
    return f"current_{registered}", f"history_{registered}"


def catalogue_name(name: str) -> str:
    """A column's name in the Data Catalog: Glue and Athena have lower case alone."""
    return name.lower()


def is_reserved(name: str) -> bool:
    """Whether the lake keeps the name for itself, in whatever case."""
    return _folded(name) in RESERVED


def unusable_characters(name: str) -> str:
    """The characters of a column's name that an engine takes for syntax, each once; '' for a name that is kept."""
    found = [character for character in name if not _is_plain(character)]
    if name != name.strip(" "):
        found.append(" ")
    return "".join(dict.fromkeys(found))


def namesakes(names: Iterable[str]) -> Mapping[str, str]:
    """The names that are an earlier one's but for case, with that one: one column for Athena and Spark."""
    first: dict[str, str] = {}
    found = {}
    for name in names:
        before = first.setdefault(_folded(name), name)
        if before != name:
            found[name] = before
    return found


def spark_quoted(name: str) -> str:
    """A name in Spark's SQL, and in a path of columns."""
    return "`" + name.replace("`", "``") + "`"


def sql_quoted(name: str) -> str:
    """A name in the SQL of PostgreSQL, Athena and DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def sql_text(value: str) -> str:
    """A text in the SQL of PostgreSQL, Athena and DuckDB."""
    return "'" + value.replace("'", "''") + "'"


def _folded(name: str) -> str:
    """Equal for names of which any engine says that they differ by case alone; Java asks for both cases."""
    return name.upper().casefold()


def _is_plain(character: str) -> bool:
    # a mark is part of the letter before it; Athena compares letter by letter, so that two never equal one
    is_of_a_word = unicodedata.category(character)[0] in "LMN" and len(character.lower()) == 1
    return character in _ALSO or is_of_a_word
