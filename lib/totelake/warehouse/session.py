"""What load and deployment ask of their sessions in the warehouse, and how they see that it was given."""

from __future__ import annotations

from collections.abc import Sequence

from totelake.errors import WarehouseError

_WRONG_ENCODING = (
    "{} has the encoding {}, in which not every text of the lake has a form; make the database anew with "
    "TEMPLATE template0 ENCODING 'UTF8'"
)
# what a load relies on, whatever the role, the database or the server sets for every session
_SETTINGS = {
    "statement_timeout": "0",
    # whoever keeps a lock longer has forgotten its transaction; a load has an hour, and each of its tables may meet one
    "lock_timeout": "1min",
    "idle_in_transaction_session_timeout": "0",
    "default_transaction_read_only": "off",
    # under a stricter level a load that waited for its turn would still see the warehouse as it was before
    "default_transaction_isolation": r"read\ committed",
    "standard_conforming_strings": "on",
    "synchronous_commit": "on",
    # temporary tables last, so that nobody's stands for one of ours; types of a source may be in public
    "search_path": "pg_catalog,star,public,pg_temp",
    # the compiler takes seconds for conditions that a first load needs once, and a small one never
    "jit": "off",
    # sorts and hashes of a table at a time; with the default of 4 MB those of a million rows go to disk
    "work_mem": "64MB",
}
# the staging tables that are filled beside each other, each by a connection of its own
TABLES_AT_ONCE = 4
# the startup parameter `options`
OPTIONS = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
QUERY = "SELECT " + ", ".join(f"current_setting('{name}')" for name in ("server_encoding", *_SETTINGS))


def refuse_other(where: object, found: Sequence[str | None]) -> None:
    """Raises WarehouseError when what `QUERY` found is no database for every text, or no session as was asked."""
    encoding, *values = found
    if encoding != "UTF8":
        raise WarehouseError(_WRONG_ENCODING.format(where, encoding))
    for (name, asked), value in zip(_SETTINGS.items(), values):
        wanted = asked.replace("\\ ", " ")
        if value != wanted:
            raise WarehouseError(
                f"{where} has {name} = {value} where the load asked for {wanted}: a pooler between drops "
                "the startup parameter `options`; name the server itself in the secret"
            )
