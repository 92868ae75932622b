"""The key of a quarantined row as its object has it: a JSON object of texts where it is not one integer."""

from __future__ import annotations

import json

from totelake.capture.ledger.keys import Key, LedgerKey, Misfit
from totelake.lake.quarantine import ALL_ESCAPED, INVALID_BYTES, UNREADABLE, QuarantinedRow, escaped, is_text, unescaped


def key_values(key: Key, found: LedgerKey, rule: str) -> dict[str, str] | None:
    """The key's columns as a row that breaks the rule names them; None for one integer, which is told by itself."""
    if key.is_number:
        return None
    texts = zip(key.names, key.texts(found))
    return {name: escaped(text) if rule in ALL_ESCAPED else text.decode("utf-8") for name, text in texts}


def quarantined_key(key: Key, values: str, rule: str) -> LedgerKey:
    """The key of a row with these key values."""
    texts = json.loads(values)
    read = unescaped if rule in ALL_ESCAPED else str.encode
    return key.of_texts([read(texts[name]) for name in key.names])


def key_alone(key: Key, misfit: Misfit) -> QuarantinedRow:
    """A row of which no more is known than its key, which the lake's types do not hold."""
    texts = dict(zip(key.names, key.texts(misfit.key)))
    rule = UNREADABLE if all(map(is_text, texts.values())) else INVALID_BYTES
    named = key_values(key, misfit.key, rule)
    return QuarantinedRow(misfit.key, misfit.column, named or {key.name: str(misfit.key)}, rule, key_values=named)
