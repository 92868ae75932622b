"""What localglue says of its standbys, and what it may say otherwise."""

from __future__ import annotations

import io
import urllib.error
from email.message import Message
from types import SimpleNamespace
from typing import Any

import pytest

from totelake.errors import RetriableError
from totelake.stack import servers


def answering(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    """Let localglue answer so, or fail."""

    def asked(url: str, timeout: float) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return io.BytesIO(answer)

    monkeypatch.setattr(servers, "_DIRECT", SimpleNamespace(open=asked))


def failure(status: int) -> urllib.error.HTTPError:
    """An answer with another status."""
    return urllib.error.HTTPError("http://127.0.0.1:1/standbys", status, "no", Message(), None)


def test_what_waits_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, b'{"Most": 1, "Standbys": [{"Pid": 7, "Warm": true, "Bytes": 104857600}]}')
    assert servers.standbys("http://127.0.0.1:1") == servers.Standbys(1, (servers.Standby(7, True, 100),))


def test_a_localglue_of_a_release_without_standbys_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, failure(404))
    assert servers.standbys("http://127.0.0.1:1") is None


@pytest.mark.parametrize("answer", [failure(500), OSError("refused"), b"{", b"{}", b"[]"])
def test_what_is_no_answer_is_told(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, answer)
    with pytest.raises(RetriableError, match="localglue does not say what is on standby .*; ask again"):
        servers.standbys("http://127.0.0.1:1")
