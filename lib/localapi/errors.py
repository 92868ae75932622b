"""The errors that every API answers: a code, and a sentence that says what, where and what to do."""

from __future__ import annotations

from collections.abc import Mapping


class ApiError(Exception):
    """An error of an API. The class has its code; `members` are what the answer says beside code and message."""

    code = "InternalServerException"
    status = 400

    def __init__(self, message: str, members: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.members = dict(members or {})

    def document(self) -> dict[str, str]:
        """The answer's body."""
        return {"__type": self.code, "Message": self.message, "message": self.message, **self.members}


class InternalFailure(ApiError):
    """The server itself failed."""

    status = 500


class UnknownOperation(ApiError):
    """An operation that the service does not have."""

    code = "UnknownOperationException"

    def __init__(self, target: str, prefix: str) -> None:
        super().__init__(f"'{target}' is no operation here; send the header X-Amz-Target: {prefix}<Operation>")


class Unsupported(ApiError):
    """An operation of the service that is not answered on this machine."""

    code = "UnsupportedOperationException"

    def __init__(self, server: str, operation: str) -> None:
        super().__init__(f"{server} does not support {operation}; nothing was done. Run this call against AWS instead")


class InvalidShape(ApiError):
    """The request does not fit the service model: a member is missing, unknown, of the wrong type, or out of bounds."""

    code = "ValidationException"

    def __init__(self, problems: list[str], code: str = code) -> None:
        self.problems = problems
        noun = "error" if len(problems) == 1 else "errors"
        super().__init__(f"{len(problems)} validation {noun} detected: {'; '.join(problems)}")
        self.code = code
