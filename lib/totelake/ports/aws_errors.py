"""AWS's errors translated into ours: each a class that says whether to try again, and a sentence with the remedy."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Union

from botocore.exceptions import BotoCoreError, ClientError, UndefinedModelAttributeError

from totelake.errors import LakeError, TotelakeError
from totelake.ports.aws_causes import cause_of_class, cause_of_code

_LONGEST = 400
AwsError = (ClientError, BotoCoreError, UndefinedModelAttributeError)
_Error = Union[ClientError, BotoCoreError, UndefinedModelAttributeError]


@contextmanager
def translated() -> Iterator[None]:
    """Translate the AWS errors that the block raises, those of boto3's transfers among them."""
    try:
        yield
    except AwsError as error:
        raise translation_of(error) from error
    except Exception as error:
        if not _is_of_boto3(error):
            raise
        raise _raised(error) from error


def code_of(error: ClientError) -> str:
    """The error's code, such as NoSuchKey."""
    return str(error.response.get("Error", {}).get("Code", "?"))


def status_of(error: ClientError) -> int:
    """The HTTP status of an error; 0 when there is none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def translation_of(error: _Error) -> TotelakeError:
    """The error of ours that an error of AWS is raised as: RetriableError where trying again may help."""
    return _answered(error) if isinstance(error, ClientError) else _raised(error)


def _is_of_boto3(error: Exception) -> bool:
    """Whether boto3 raised it; a process that has not imported boto3, which takes time, meets none of its errors."""
    known: Any = sys.modules.get("boto3.exceptions")
    return known is not None and isinstance(error, known.Boto3Error)


def _raised(error: Exception) -> TotelakeError:
    """What botocore or boto3 raised without an answer of AWS."""
    words = textwrap.shorten(str(error), _LONGEST, placeholder=" ...").rstrip(".")
    # a name in an address may be any word, and says nothing of the cause
    cause = cause_of_class(type(error), re.sub(r"\S+://\S+", "", words))
    if cause is None:
        return LakeError(f"the AWS client raised {type(error).__name__}: {words}; see what this names and correct it")
    return cause.kind(f"{cause.what}: {words}; {cause.remedy}" if cause.what else f"{words}; {cause.remedy}")


def _answered(error: ClientError) -> TotelakeError:
    """What AWS answered."""
    details = error.response.get("Error", {})
    code, message = code_of(error), str(details.get("Message", error))
    if code == "NoSuchBucket":
        bucket = details.get("BucketName", "named in the job's arguments")
        return LakeError(
            f"the bucket {bucket} does not exist ({error.operation_name}); create it or correct the argument"
        )
    what = f"{error.operation_name} failed with {code}: {message}"
    cause = cause_of_code(code, status_of(error), message)
    if not cause.remedy:
        return cause.kind(what if what.endswith(".") else f"{what}; see the AWS message for what to do")
    return cause.kind(f"{what.rstrip('.')}; {cause.remedy}")
