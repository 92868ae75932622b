"""What AWS's library has and this one does not: an error that names it."""

from __future__ import annotations


class NotThere(NotImplementedError, AttributeError):
    """Something of AWS's library that this one does not have. `hasattr` sees that it is not there."""

    def __init__(self, what: str, remedy: str = "") -> None:
        hint = f"; {remedy}" if remedy else ""
        super().__init__(f"{what} is not in localglue's awsglue{hint}")
