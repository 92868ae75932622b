"""The sources, each as its catalog/sources/<name>/source.yaml describes it; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from totelake.contracts.documents import line_of, place
from totelake.errors import ContractError

KINDS = ("postgres",)
FOLDER, FILE = "sources", "source.yaml"
# logs and folders of the ingestion bucket that a source's own log and folder would fall into
RESERVED = frozenset(["audit", "canary", "dead_letters", "maintenance", "rows", "verdicts", "warehouse"])
_REQUIRED = ("name", "kind", "secret", "schedule")
_OPTIONAL = ("description", "owner", "table_prefix")
PREFIX = "{prefix}"
# short enough for the name of a role, which has the deployment's, the job's and the source's name in it
_NAME = re.compile(r"[a-z][a-z0-9_]{0,19}")
# what may be in the name of a secret, the deployment's prefix in braces, and in a schedule of AWS Glue
_SECRET = re.compile(r"(\{prefix\}|[A-Za-z0-9/_+=.@-])+")
_SCHEDULE = re.compile(r"cron\([0-9A-Z*/,?LW# -]+\)")
_TABLE_PREFIX = re.compile(r"([a-z][a-z0-9_]*)?")


@dataclass(frozen=True)
class Source:
    """A database that tables are captured from; `secret` may hold `{prefix}`, `schedule` is when it is looked at."""

    name: str
    kind: str
    description: str
    owner: str
    secret: str
    schedule: str
    table_prefix: str

    def secret_name(self, prefix: str) -> str:
        """The name of its secret in the deployment with that prefix."""
        return secret_name(self.secret, prefix)

    def registered_name(self, table_name: str) -> str:
        """The name of one of its tables in the Data Catalog."""
        return f"{self.table_prefix}{table_name}"


def sources_of(files: Mapping[str, Any]) -> dict[str, Source]:
    """The sources by name, in the order of their names. Raises ContractError with file and line for a malformed one."""
    found: dict[str, Source] = {}
    folders: set[str] = set()
    for path in sorted(files):
        parts = path.split("/")
        if len(parts) > 2 and parts[0] == FOLDER and path.endswith((".yaml", ".yml")):
            folders.add(parts[1])
        if is_source(path):
            found[parts[1]] = _source(path, parts[1], files[path])
    for folder in sorted(folders - set(found)):
        raise ContractError(f"catalog/{FOLDER}/{folder} has no {FILE}; write one with {', '.join(_REQUIRED)}")
    return found


def secret_name(secret: str, prefix: str) -> str:
    """The name of a secret, as a source.yaml writes it, in the deployment with that prefix."""
    return secret.replace(PREFIX, prefix)


def is_source_name(name: str) -> bool:
    """Whether a source may have the name."""
    return _NAME.fullmatch(name) is not None and name not in RESERVED


def is_source(path: str) -> bool:
    """Whether a document's path below catalog/ is that of a source, not of a contract."""
    parts = path.split("/")
    return len(parts) == 3 and parts[0] == FOLDER and parts[2] == FILE


def _source(path: str, folder: str, document: Any) -> Source:
    if not isinstance(document, Mapping):
        raise ContractError(f"catalog/{path} does not describe a source; write {', '.join(_REQUIRED)} into it")
    _check_keys(path, document)
    values = {key: _text(path, document, key) for key in document}
    name = values["name"]
    checks = {
        "name": (_NAME, "use small letters, digits and _, a letter first, at most 20"),
        "secret": (_SECRET, "write it as {prefix}/" + folder),
        "schedule": (_SCHEDULE, "write it as cron(0/10 * * * ? *)"),
        "table_prefix": (_TABLE_PREFIX, "use small letters, digits and _, a letter first, or '' for none"),
    }
    for key, (pattern, advice) in checks.items():
        if not pattern.fullmatch(values.get(key, "")) and key in values:
            raise ContractError(f"{_at(path, document, key)}: the {key} is '{values[key]}'; {advice}")
    if name != folder:
        raise ContractError(
            f"{_at(path, document, 'name')}: the source is named {name}, its folder {folder}; give both one name"
        )
    if name in RESERVED:
        raise ContractError(
            f"{_at(path, document, 'name')}: {name} is the name of a log or folder of the lake; use another one"
        )
    if values["kind"] not in KINDS:
        known = " or ".join(KINDS)
        raise ContractError(f"{_at(path, document, 'kind')}: the kind of {name} is '{values['kind']}'; use {known}")
    return Source(**{"description": "", "owner": "", "table_prefix": f"{name}_", **values})


def _check_keys(path: str, document: Mapping[str, Any]) -> None:
    known = _REQUIRED + _OPTIONAL
    for key in document:
        if key not in known:
            raise ContractError(f"{_at(path, document, key)}: '{key}' is not known; known are {', '.join(known)}")
    for key in _REQUIRED:
        if key not in document:
            raise ContractError(f"{place(path, line_of(document))}: {key} is missing; add it")


def _text(path: str, document: Mapping[str, Any], key: str) -> str:
    value = document[key]
    if not isinstance(value, str):
        raise ContractError(f"{_at(path, document, key)}: the {key} is {value!r}, which is no text; put it in quotes")
    return value


def _at(path: str, document: Mapping[str, Any], key: str) -> str:
    return place(path, line_of(document, key))
