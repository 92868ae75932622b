"""The errors that the Athena API answers, and what it says of a query that failed."""

from __future__ import annotations

from localapi.documents import Document
from localapi.errors import ApiError

USER_CANCELLED = "Query cancelled by user"
# Athena's error catalogue: the type of a failure for the class that its sentence begins with; any other is the user's
_TYPES = {
    "SYNTAX_ERROR": 1006,
    "TABLE_NOT_FOUND": 1110,
    "SCHEMA_NOT_FOUND": 1301,
    "CATALOG_NOT_FOUND": 1301,
    "FUNCTION_NOT_FOUND": 1303,
    "NOT_SUPPORTED": 1200,
    "INVALID_FUNCTION_ARGUMENT": 1106,
    "INVALID_VIEW": 1107,
    "VIEW_IS_STALE": 1107,
    "INVALID_TABLE_PROPERTY": 1103,
    "HIVE_BAD_DATA": 1001,
    "HIVE_CANNOT_OPEN_SPLIT": 1302,
    "HIVE_UNSUPPORTED_FORMAT": 1201,
    "FAILED": 1003,
    "S3_BUCKET_NOT_FOUND": 1306,
}
_USER, _SYSTEM = 2, 1
_USER_ERROR, _INTERNAL = 1000, 9999


class InvalidRequest(ApiError):
    """The request's content is not valid."""

    code = "InvalidRequestException"

    def __init__(self, message: str, athena_code: str = "INVALID_INPUT") -> None:
        super().__init__(message, {"AthenaErrorCode": athena_code})


class ResourceNotFound(ApiError):
    """The request names a prepared statement that does not exist."""

    code = "ResourceNotFoundException"

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message, {"ResourceName": name})


class MetadataFailed(ApiError):
    """The Data Catalog does not know what the request names, or does not answer."""

    code = "MetadataException"


def failure(kind: str, sentence: str) -> Document:
    """Athena's error of a query that failed for what the user has asked."""
    number = _TYPES.get(kind, _USER_ERROR)
    return {"ErrorCategory": _USER, "ErrorType": number, "Retryable": False, "ErrorMessage": sentence}


def internal_failure(sentence: str) -> Document:
    """Athena's error of a query that failed for what this machine or program lacks."""
    return {"ErrorCategory": _SYSTEM, "ErrorType": _INTERNAL, "Retryable": True, "ErrorMessage": sentence}
