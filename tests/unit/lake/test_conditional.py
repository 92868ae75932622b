"""An object that is written once, by whoever comes first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from totelake.lake.conditional import create_once


def s3(*statuses: int) -> Any:
    """A client whose puts are answered so, one after the other; 200 is success."""
    answers = iter(statuses)

    def put_object(**_: Any) -> None:
        status = next(answers)
        if status != 200:
            raise ClientError({"Error": {"Code": str(status)}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Put")

    events = SimpleNamespace(register=lambda *_, **__: None)
    return SimpleNamespace(put_object=put_object, meta=SimpleNamespace(events=events))


@pytest.mark.parametrize(
    ("statuses", "wrote"), [([200], True), ([412], False), ([409, 409, 200], True), ([409, 412], False)]
)
def test_a_writer_that_is_at_it_is_waited_for_and_what_is_there_stays(statuses: list[int], wrote: bool) -> None:
    waits: list[float] = []
    assert create_once(s3(*statuses), "b", "k", b"", waits.append) is wrote
    assert len(waits) == len(statuses) - 1


@pytest.mark.parametrize("statuses", [[403], [409] * 6])
def test_a_refusal_and_a_conflict_without_end_are_raised(statuses: list[int]) -> None:
    with pytest.raises(ClientError):
        create_once(s3(*statuses), "b", "k", b"", lambda _: None)
