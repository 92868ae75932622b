"""What `totelake down` leaves of a stack, and what tells one stack from the next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from totelake.errors import ConfigurationError
from totelake.stack import lifecycle
from totelake.stack.model import LOCALGLUE, MOTO, OUTBOX, PARTS, POSTGRES, QUERY, Part, Stack


@pytest.mark.parametrize("is_up", [True, False])
def test_down_removes_what_was_kept_of_the_lake(is_up: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("end", "_end_jobs"):
        monkeypatch.setattr(lifecycle, name, lambda *_: None)
    for name in (QUERY, "logs"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "1.parquet").write_bytes(b"names and addresses")
    (tmp_path / ".totelake-stack").write_text(str(tmp_path))
    if is_up:
        (tmp_path / OUTBOX).mkdir()
        Stack(str(tmp_path), parts(), {}).save()
    assert lifecycle.stop(tmp_path) == is_up
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


@pytest.mark.parametrize("change", [{"pid": 9}, {"started": 9.0}])
def test_a_stack_is_another_than_the_one_before_in_the_same_folder(change: dict[str, float], tmp_path: Path) -> None:
    first = Stack(str(tmp_path), parts(), {})
    again = replace(first, parts={**parts(), MOTO: replace(parts()[MOTO], **change)})
    first.save()
    read = Stack.read(tmp_path)
    assert read is not None
    assert read.identity == first.identity != again.identity


@pytest.mark.parametrize(
    ("gone", "slow", "says", "not_said"),
    [
        ([MOTO], [], ["moto has ended, and what it kept in memory is lost: the lake's", "PostgreSQL has its data"],
         ["look again", "localglue"]),
        ([POSTGRES], [LOCALGLUE], ["postgres has ended, source and warehouse cannot be read",
         "localglue (process 3) is there and does not answer", "look again with `totelake status`; if it stays"],
         ["PostgreSQL has its data", "in memory"]),
        ([LOCALGLUE], [], ["localglue has ended, no job runs; what the other parts have is as it was"], ["look again"]),
    ],
)  # fmt: skip
def test_a_stack_that_is_half_up_says_what_ended_what_is_lost_and_what_to_do(
    gone: list[str], slow: list[str], says: list[str], not_said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "is_alive", lambda part: part.name not in gone)
    answers = {name: name not in (*gone, *slow) for name in parts()}
    with pytest.raises(ConfigurationError) as raised:
        lifecycle.refuse_half(Stack("/home", parts(), {}), answers)
    sentence = str(raised.value)
    assert [words for words in says if words not in sentence] == []
    assert [words for words in not_said if words in sentence] == []
    assert "run `totelake down`, which removes all of the stack's data, then `totelake up`" in sentence


def parts() -> dict[str, Part]:
    """The processes of a stack."""
    return {name: Part(name, number, 1.0, 5000 + number) for number, name in enumerate(PARTS, 1)}
