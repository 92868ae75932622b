"""Manifests survive the round trip and refuse what they cannot read."""

from __future__ import annotations

import pytest

from totelake.errors import LakeError
from totelake.lake.manifest import LakeObject, Manifest, TableCommit, from_json, to_json

MANIFEST = Manifest(
    log="totesys",
    number=7,
    attempt="jr_1-abc",
    kind="data",
    committed_at="2026-11-24T00:00:00Z",
    tables={"staff": TableCommit((LakeObject("_inflight/a", "totesys/staff/a", 1, 10, "ff", {"d": "1"}),), 1, 1, 0, 0)},
    state={"snapshot": "1:1:"},
)


def test_a_manifest_survives_the_round_trip() -> None:
    assert from_json(to_json(MANIFEST), "here") == MANIFEST
    assert [item.key for item in MANIFEST.objects()] == ["totesys/staff/a"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "here is no readable manifest ("),
        (b"[]", "here is no readable manifest ("),
        (b'{"format": 1}', "here is no readable manifest ('tables')"),
        (
            to_json(MANIFEST).replace(b'"format": 1', b'"format": 9'),
            "here has format 9, this version reads 1; upgrade totelake",
        ),
        (to_json(MANIFEST).replace(b'"bytes"', b'"octets"'), "here is no readable manifest ("),
    ],
    ids=["truncated", "no object", "parts missing", "newer format", "unknown field"],
)
def test_a_damaged_manifest_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(LakeError) as refused:
        from_json(body, "here")
    assert str(refused.value).startswith(message)
