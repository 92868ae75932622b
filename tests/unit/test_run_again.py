"""Only what may pass by itself is told to be run again: whoever reads the sentence, and `watch`, rely on it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.modules import Module, modules
from totelake.operate.backoff import PASSING_ERRORS

AGAIN = ("run the job again", "run it again")
# whoever builds a cause says with it whether it passes
PASSES = {"Cause": lambda call: ast.unparse(call.args[0]) == "True"}


def calls(module: Module) -> Iterator[tuple[str, list[ast.Call]]]:
    """Every text of a module that tells to run again, and the calls around it."""

    def visit(node: ast.AST, around: list[ast.Call]) -> Iterator[tuple[str, list[ast.Call]]]:
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and any(words in node.value for words in AGAIN):  # type: ignore[attr-defined]
            yield str(node.value), around  # type: ignore[attr-defined]
        inside = [*around, node] if isinstance(node, ast.Call) else around
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inside)

    return visit(module.tree, [])


def passes(call: ast.Call) -> bool:
    """Whether a call makes an error or a cause that may pass."""
    name = ast.unparse(call.func).rsplit(".", 1)[-1]
    if name in PASSES:
        return PASSES[name](call)
    return name in PASSING_ERRORS or any(ast.unparse(argument) in PASSING_ERRORS for argument in call.args)


@pytest.mark.parametrize("name", sorted(modules()))
def test_whoever_says_to_run_the_job_again_is_retriable(name: str) -> None:
    for text, around in calls(modules()[name]):
        assert any(passes(call) for call in around), text


def test_it_is_said_by_many() -> None:
    assert sum(1 for module in modules().values() for _ in calls(module)) > 20
