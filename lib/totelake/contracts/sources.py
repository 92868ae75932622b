"""The sources, each as its catalog/sources/<name>/source.yaml describes it; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from totelake.contracts.documents import line_of, place
from totelake.errors import ContractError

POSTGRES, FILES, HTTP = "postgres", "files", "http"
FOLDER, FILE = "sources", "source.yaml"
# logs and folders of the ingestion bucket that a source's own log and folder would fall into
RESERVED = frozenset(["audit", "canary", "dead_letters", "maintenance", "rows", "verdicts", "warehouse"])
_OPTIONAL = ("description", "owner", "table_prefix")
PREFIX = "{prefix}"
# short enough for the name of a role, which has the deployment's, the job's and the source's name in it
_NAME = re.compile(r"[a-z][a-z0-9_]{0,19}")
# what may be in the name of a secret, the deployment's prefix in braces, and in a schedule of AWS Glue
_SECRET = re.compile(r"(\{prefix\}|[A-Za-z0-9/_+=.@-])+")
_SCHEDULE = re.compile(r"cron\([0-9A-Z*/,?LW# -]+\)")
_TABLE_PREFIX = re.compile(r"([a-z][a-z0-9_]*)?")
_BUCKET = re.compile(r"(\{prefix\}|[a-z0-9])(\{prefix\}|[a-z0-9.-])+")
_KEY_PREFIX = re.compile(r"[^/\x00-\x1f{}*?][^\x00-\x1f{}*?]*/")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9/_+=,.@-]+")
_CURRENCY = re.compile(r"[A-Z]{3}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_CHECKS = {
    "schedule": (_SCHEDULE, "write it as cron(0/10 * * * ? *)"),
    "table_prefix": (_TABLE_PREFIX, "use small letters, digits and _, a letter first, or '' for none"),
    "bucket": (_BUCKET, "use a bucket's name: small letters, digits, - and ."),
    "prefix": (_KEY_PREFIX, "write it as incoming/, with a slash at its end and none at its beginning"),
    "role": (_ROLE, "write it as arn:aws:iam::111122223333:role/name"),
    "region": (_REGION, "write it as eu-west-2"),
    "quote": (_CURRENCY, "write the code of a currency, such as GBP"),
    "start": (_DAY, "write the first day as '2026-01-31', in quotes"),
}


@dataclass(frozen=True)
class _Keys:
    """What a source.yaml of a kind has beside what all have. Values are texts, those of `lists` lists of texts."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()

    @property
    def needed(self) -> tuple[str, ...]:
        """What has to be there, in the order in which it is written."""
        return ("name", "kind", *self.required, "schedule")

    @property
    def known(self) -> tuple[str, ...]:
        """What may be there."""
        return (*self.needed, *_OPTIONAL, *self.optional)


_KINDS = {
    POSTGRES: _Keys(("secret",)),
    FILES: _Keys(("bucket",), ("prefix", "role", "region")),
    HTTP: _Keys(("provider", "quote", "currencies", "start"), ("hosts",), ("hosts", "currencies")),
}
KINDS = tuple(_KINDS)
_REQUIRED = _KINDS[POSTGRES].needed


@dataclass(frozen=True)
class Source:
    """What tables are taken from: a database, files in a bucket, or what answers over HTTP; `kind` says which.

    `secret`, of a database alone, may hold `{prefix}`; `schedule` is when the source is looked at. `options` are what
    its kind has besides: of files bucket, prefix, role and region, each a text; of http provider and what that takes,
    texts or lists of texts.
    """

    name: str
    kind: str
    description: str
    owner: str
    secret: str
    schedule: str
    table_prefix: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_database(self) -> bool:
        """Whether it is a database; else it is a feed, which has no secret."""
        return self.kind == POSTGRES

    def option(self, name: str, prefix: str = "") -> str:
        """An option that is a text, `{prefix}` in it being the deployment's; '' where source.yaml does not have it."""
        return str(self.options.get(name, "")).replace(PREFIX, prefix)

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
    keys = _keys_of(path, folder, document)
    _check_keys(path, document, keys)
    values: dict[str, Any] = {key: (_list if key in keys.lists else _text)(path, document, key) for key in document}
    name = values["name"]
    checks = {
        "name": (_NAME, "use small letters, digits and _, a letter first, at most 20"),
        "secret": (_SECRET, "write it as {prefix}/" + folder),
        **_CHECKS,
    }
    for key, (pattern, advice) in checks.items():
        if key in values and not pattern.fullmatch(values[key]):
            raise ContractError(f"{_at(path, document, key)}: the {key} is '{values[key]}'; {advice}")
    if name != folder:
        raise ContractError(
            f"{_at(path, document, 'name')}: the source is named {name}, its folder {folder}; give both one name"
        )
    if name in RESERVED:
        raise ContractError(
            f"{_at(path, document, 'name')}: {name} is the name of a log or folder of the lake; use another one"
        )
    own = {key: values.pop(key) for key in (*keys.required, *keys.optional) if key in values and key != "secret"}
    by_default = {**dict.fromkeys(("description", "owner", "secret"), ""), "table_prefix": f"{name}_"}
    return Source(**{**by_default, **values}, options=own)


def _keys_of(path: str, folder: str, document: Mapping[str, Any]) -> _Keys:
    """What a source of its kind has. Raises ContractError for a kind that there is not."""
    if "kind" not in document:
        raise ContractError(f"{place(path, line_of(document))}: kind is missing; add it")
    kind = _text(path, document, "kind")
    if kind not in _KINDS:
        known = ", ".join(KINDS[:-1]) + f" or {KINDS[-1]}"
        raise ContractError(f"{_at(path, document, 'kind')}: the kind of {folder} is '{kind}'; use {known}")
    return _KINDS[kind]


def _check_keys(path: str, document: Mapping[str, Any], keys: _Keys) -> None:
    every = {key for item in _KINDS.values() for key in item.known}
    for key in document:
        if key not in keys.known:
            what = f"is nothing that a source of kind {document['kind']} has" if key in every else "is not known"
            raise ContractError(f"{_at(path, document, key)}: '{key}' {what}; known are {', '.join(keys.known)}")
    for key in keys.needed:
        if key not in document:
            raise ContractError(f"{place(path, line_of(document))}: {key} is missing; add it")


def _list(path: str, document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = document[key]
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(item, str) for item in value):
        raise ContractError(f"{_at(path, document, key)}: the {key} are {value!r}; write a list of texts")
    return tuple(value)


def _text(path: str, document: Mapping[str, Any], key: str) -> str:
    value = document[key]
    if not isinstance(value, str):
        raise ContractError(f"{_at(path, document, key)}: the {key} is {value!r}, which is no text; put it in quotes")
    return value


def _at(path: str, document: Mapping[str, Any], key: str) -> str:
    return place(path, line_of(document, key))
