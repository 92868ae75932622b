"""Which wheels an interpreter can use, by their names."""

from __future__ import annotations

import pytest

from localglue.wheels import runs_here, runs_on

COMPILED = "a_b-1.0-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"


@pytest.mark.parametrize(
    ("name", "python", "machine", "runs"),
    [
        (COMPILED, "cp311", "x86_64", True),
        (COMPILED, "cp313", "x86_64", False),
        (COMPILED, "cp311", "aarch64", False),
        (COMPILED, "cp311", "", False),
        ("a-1.0-1-cp311-cp311-manylinux_2_28_aarch64.whl", "cp311", "aarch64", True),
        ("a-1.0-cp311-cp311-macosx_11_0_arm64.whl", "cp311", "arm64", False),
        ("a-1.0-cp311-cp311-musllinux_1_2_x86_64.whl", "cp311", "x86_64", False),
        ("a-1.0-py3-none-any.whl", "cp313", "", True),
        ("a.py", "cp313", "", True),
    ],
)
def test_a_compiled_wheel_runs_on_its_own_interpreter_and_machine_only(
    name: str, python: str, machine: str, runs: bool
) -> None:
    assert runs_on(name, python, machine) == runs


def test_a_pure_wheel_runs_here_and_one_of_another_interpreter_does_not() -> None:
    assert runs_here("a-1.0-py3-none-any.whl")
    assert not runs_here("a-1.0-cp27-cp27m-manylinux2014_x86_64.whl")
