"""What moto lacks of AWS and a deployment by Terraform needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from totelake.stack.bucket_policies import heed_conditions
from totelake.stack.object_bodies import read_in_blocks

_Application = Callable[..., Iterable[bytes]]
_KEY_ID = "x-amz-server-side-encryption-aws-kms-key-id"


def fill_gaps() -> None:
    """Let moto heed the conditions of bucket policies, delete named queries, and send large objects in blocks."""
    from moto.athena.responses import AthenaResponse

    def delete_named_query(answer: Any) -> str:
        answer.athena_backend.named_queries.pop(answer._get_param("NamedQueryId"), None)
        return "{}"

    heed_conditions()
    read_in_blocks()
    athena: Any = AthenaResponse
    athena.delete_named_query = delete_named_query


def without_key_ids(application: _Application) -> _Application:
    """The application without the key's id in its answers.

    What a bucket encrypts bears it, and over plain HTTP the client of Spark's S3A refuses to send it on in a copy.
    """

    def answer(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [one for one in headers if one[0].lower() != _KEY_ID], *more)

        return application(environ, start)

    return answer
