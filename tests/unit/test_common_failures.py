"""What every one of several tables fails with is no table's own matter; what one fails with is."""

from __future__ import annotations

import pytest

from totelake.errors import StarTableError, raise_common


@pytest.mark.parametrize(
    ("failed", "tried", "known", "is_raised"),
    [
        ("", 0, "", False),
        ("", 2, "", False),
        ("a", 1, "", False),
        ("a", 2, "", False),
        ("ab", 3, "", False),
        ("ab", 2, "", True),
        ("abc", 3, "", True),
        # those that were held before say nothing of what the others fail with
        ("ab", 2, "ab", False),
        ("ab", 2, "a", False),
        ("abc", 3, "a", True),
    ],
)
def test_all_of_several_and_no_fewer_have_it_in_common(failed: str, tried: int, known: str, is_raised: bool) -> None:
    failures = {name: StarTableError(f"{name} is refused") for name in failed}
    try:
        raise_common(failures, tried, known)
    except StarTableError as error:
        assert is_raised and error is next(item for name, item in failures.items() if name not in known)
    else:
        assert not is_raised
