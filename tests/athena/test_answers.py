"""Athena's answers here: held against those of the real engine, which `make athena-answers` wrote down."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.athena.compared import EQUAL, NOT_HERE, verdict
from tests.athena.make_answers import ANSWERS, STATEMENTS, answered
from tests.athena.server import missing, trino
from tests.athena.tables import statements

WRITTEN: list[dict[str, Any]] = json.loads(ANSWERS.read_text(encoding="utf-8"))
FAMILIES = list(dict.fromkeys(item["family"] for item in WRITTEN))
LEAST_EQUAL = 0.96
# what is refused here as the engine refuses it, and by another class than its
OF_ANOTHER_CLASS = {
    "SELECT date '2024-02-30'": "refused as INVALID_CAST_ARGUMENT, not as INVALID_LITERAL",
    "SELECT 1 + NULL, NULL + 1, NULL * 1.5, -NULL": "refused as TYPE_MISMATCH, not as AMBIGUOUS_FUNCTION_CALL",
    "SELECT CAST('1' AS)": "refused as TYPE_MISMATCH, not as SYNTAX_ERROR",
}
# answers that are another one each time they are asked
_CHANGES = re.compile(r"\b(now|current_\w+|rand|random|uuid|localtimestamp)\b")


@pytest.fixture(scope="module")
def verdicts() -> dict[str, str]:
    """What became of every statement."""
    return {item["sql"]: verdict(item) for item in WRITTEN}


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_answered_is_what_the_engine_answers_and_what_it_refuses_is_refused(
    family: str, verdicts: dict[str, str]
) -> None:
    of_family = {item["sql"]: verdicts[item["sql"]] for item in WRITTEN if item["family"] == family}
    allowed = (EQUAL, NOT_HERE)
    differ = {sql: found for sql, found in of_family.items() if found not in allowed}
    assert differ == {sql: found for sql, found in OF_ANOTHER_CLASS.items() if sql in of_family}


def test_few_statements_are_not_answered_here_and_those_refused_by_another_class_are_known(
    verdicts: dict[str, str],
) -> None:
    answers = [verdicts[item["sql"]] for item in WRITTEN if "rows" in item]
    errors = {item["sql"]: verdicts[item["sql"]] for item in WRITTEN if "error" in item}
    assert len(WRITTEN) >= 300
    assert answers.count(EQUAL) >= LEAST_EQUAL * len(answers)
    assert {sql: found for sql, found in errors.items() if found != EQUAL} == OF_ANOTHER_CLASS


def test_the_answers_are_those_to_the_statements_of_the_list() -> None:
    listed = statements(STATEMENTS.read_text(encoding="utf-8"))
    assert [(item["family"], item["sql"]) for item in WRITTEN] == listed


@pytest.mark.integration
def test_the_real_engine_answers_as_it_is_written_down(tmp_path: Path) -> None:
    reason = missing()
    if reason:
        pytest.skip(f"the real engine is not asked: {reason}")
    with trino(tmp_path) as address:
        found = answered(address)
    assert [item for item in found if item not in WRITTEN and not _CHANGES.search(item["sql"])] == []
