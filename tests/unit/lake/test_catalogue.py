"""The Data Catalog's answers, as Glue words them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from totelake.lake.catalogue import get_table


def glue(code: str, message: str) -> Any:
    """A client whose GetTable fails so."""

    def get(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": message}}, "GetTable")

    return SimpleNamespace(get_table=get)


@pytest.mark.parametrize("message", ["Entity Not Found", "Table design not found."])
def test_a_table_that_is_not_there_is_none_however_glue_says_it(message: str) -> None:
    assert get_table(glue("EntityNotFoundException", message), "d", "design") is None


def test_any_other_failure_is_one() -> None:
    with pytest.raises(ClientError):
        get_table(glue("AccessDeniedException", "no"), "d", "design")
