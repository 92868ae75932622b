"""`make athena-answers`: asks the real engine every statement of `statements.txt`, and writes `answers.json`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.athena.server import ask, missing, trino
from tests.athena.tables import statements

HERE = Path(__file__).resolve().parent
ANSWERS, STATEMENTS = HERE / "answers.json", HERE / "statements.txt"
_LONGEST_MESSAGE = 160


def answered(address: str) -> list[dict[str, Any]]:
    """All statements with their answers; what is no text, list or mapping is its text, as Trino's JSON has it."""
    found = []
    for family, sql in statements(STATEMENTS.read_text(encoding="utf-8")):
        answer = ask(address, sql)
        if "rows" in answer:
            answer["rows"] = [[_text(value) for value in row] for row in answer["rows"]]
        else:
            answer["message"] = answer["message"].splitlines()[0][:_LONGEST_MESSAGE]
        found.append({"family": family, "sql": sql, **answer})
    return found


def _text(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return [_text(item) for item in value]
    if isinstance(value, dict):
        return {key: _text(item) for key, item in value.items()}
    return json.dumps(value)


def main() -> int:
    """Write the answers. Returns 1 when the engine cannot be started here."""
    reason = missing()
    if reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    with tempfile.TemporaryDirectory() as folder, trino(Path(folder)) as address:
        found = answered(address)
    lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in found)
    ANSWERS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    sys.stdout.write(f"{len(found)} statements, {sum('rows' in item for item in found)} of them answered\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
