"""The schema registry's own words for a request that does not fit: its code and sentences differ from Glue's others."""

from __future__ import annotations

import re
from collections.abc import Sequence

from localglue.errors import InvalidInput, with_hint

OPERATIONS = frozenset({
    "CreateRegistry", "GetRegistry", "ListRegistries", "DeleteRegistry", "CreateSchema", "GetSchema", "UpdateSchema",
    "DeleteSchema", "RegisterSchemaVersion", "GetSchemaVersion", "GetSchemaByDefinition", "PutSchemaVersionMetadata",
})  # fmt: skip
_PLACE = re.compile(
    r"at '(?:[\w. ]*\.)?(?P<name>\w+)' failed to satisfy constraint: Member must (?P<rule>.*)", re.DOTALL
)
_WHOLE = {"DataFormat": "Data format is not valid.", "Compatibility": "Compatibility is not valid."}
_TAGS = "New Tags cannot be empty or more than 50"
_LENGTH = "The resource name contains too many or too few characters. Parameter Name: {}"
_CHARACTERS = "The parameter value contains one or more characters that are not valid. Parameter Name: {}"
_CALLED = {"MetadataKey": "Key", "MetadataValue": "Value"}
_AS_THEY_ARE = frozenset({"SchemaVersionId"})


def in_its_words(problems: Sequence[str]) -> InvalidInput:
    """The error for what the service model has found: the first that the registry has words for, then all of it."""
    found = next((words for words in map(_words, problems) if words), None)
    whole = "; ".join(problems)
    return InvalidInput(with_hint(found, whole) if found else whole)


def _words(problem: str) -> str | None:
    place = _PLACE.search(problem)
    if place is None:
        return None
    name, rule = _CALLED.get(place["name"], place["name"]), place["rule"]
    if name == "Tags":
        return _TAGS
    if name in _WHOLE:
        return _WHOLE[name]
    words = _LENGTH if rule.startswith("have length") and name not in _AS_THEY_ARE else _CHARACTERS
    return words.format(name if name in _AS_THEY_ARE else name[0].lower() + name[1:])
