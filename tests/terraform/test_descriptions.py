"""Descriptions of resources, which AWS holds to characters and lengths of its own only while they are made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

TERRAFORM = ROOT / "terraform"
_PRINTABLE = r"[\t\n\r\x20-\x7e\xa1-\xff]"
# as the EC2 API reference has it for a group and for a rule; a rule's has no `&`
_GROUPS, _RULES = r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}", r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=;{}!$*]{0,255}"
# by the type of the resource; what is absent takes any character up to the length of the last
ALLOWED = {
    "aws_security_group": _GROUPS,
    "aws_vpc_security_group_ingress_rule": _RULES,
    "aws_vpc_security_group_egress_rule": _RULES,
    "aws_iam_role": _PRINTABLE + "{0,1000}",
    "aws_iam_policy": _PRINTABLE + "{0,1000}",
    "": "(?s).{0,1024}",
}
_BLOCK = re.compile(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}$', re.MULTILINE | re.DOTALL)
_TEXT = re.compile(r'^\s*(?:\w+_)?description\s*=\s*"((?:[^"\\]|\\.)*)"$', re.MULTILINE)


def described(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Type and address of each resource with a description, and the text; a value that is put in is one letter."""
    for path in sorted(folder.rglob("*.tf")):
        for kind, name, body in _BLOCK.findall(path.read_text(encoding="utf-8")):
            for text in _TEXT.findall(body):
                yield kind, f"{path.relative_to(folder)}: {kind}.{name}", re.sub(r"\$\{[^}]*\}", "x", text)


def refused(found: Iterator[tuple[str, str, str]]) -> list[str]:
    """What AWS would refuse."""
    return [
        f"{address}: {text!r}"
        for kind, address, text in found
        if re.fullmatch(ALLOWED.get(kind, ALLOWED[""]), text) is None
    ]


def test_no_description_has_characters_that_aws_refuses() -> None:
    kinds = [kind for kind, _, _ in described(TERRAFORM)]
    assert set(ALLOWED) - {""} <= set(kinds)
    assert sum("security_group" in kind for kind in kinds) >= 10
    assert refused(described(TERRAFORM)) == []


@pytest.mark.parametrize("text", ["AWS's endpoints.", 'Said "so".', "A > B.", "Who? Jobs.", "Größe", "x" * 256])
def test_a_character_that_ec2_does_not_take_is_found(tmp_path: Path, text: str) -> None:
    quoted = text.replace('"', '\\"')
    (tmp_path / "main.tf").write_text(f'resource "aws_security_group" "a" {{\n  description = "{quoted}"\n}}\n')
    assert len(refused(described(tmp_path))) == 1
