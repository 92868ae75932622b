"""Bucket policies whose conditions count: moto alone applies each statement as if it had none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

Context = Mapping[str, str]
"""What policies ask of a request, by their key for it in small letters; what is absent is not there."""
_IF_EXISTS = "IfExists"
_Test = Callable[[str, str], bool]
_TESTS: Mapping[str, _Test] = {
    "StringEquals": lambda found, wanted: found == wanted,
    "StringLike": fnmatchcase,
    "ArnEquals": fnmatchcase,
    "ArnLike": fnmatchcase,
    "Bool": lambda found, wanted: found.lower() == wanted.lower(),
}
_NEGATED = {
    "StringNotEquals": "StringEquals", "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals", "ArnNotLike": "ArnLike",
}  # fmt: skip


def applicable(policy: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """The policy with the statements whose conditions the request meets.

    Raises ValueError for an operator that is not known here: to pass over it would allow or deny too much.
    """
    statements = policy["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return {**policy, "Statement": [one for one in listed if _is_met(one.get("Condition", {}), context)]}


def _is_met(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether every key of every operator holds, as IAM joins them."""
    return all(
        _holds(operator, context.get(key.lower()), [str(one) for one in _listed(wanted)])
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def _holds(operator: str, found: str | None, wanted: Sequence[str]) -> bool:
    if operator == "Null":
        return any((found is None) == (one.lower() == "true") for one in wanted)
    base = operator.removesuffix(_IF_EXISTS)
    negated = _NEGATED.get(base)
    test = _TESTS.get(negated or base)
    if test is None:
        raise ValueError(f"the bucket's policy has the operator {operator}, which the local stack does not know")
    if found is None:
        return operator.endswith(_IF_EXISTS) or negated is not None
    is_one = any(test(found, one) for one in wanted)
    return not is_one if negated else is_one


def _listed(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [str(value).lower()]
    return value if isinstance(value, list) else [value]


def heed_conditions() -> None:
    """Let moto's buckets heed them. Plain HTTP on this machine stands for TLS."""
    from flask import request
    from moto.iam.access_control import IAMPolicy, PermissionResult
    from moto.s3.models import FakeBucket

    def get_permission(bucket: Any, action: str, resource: str) -> Any:
        if bucket.policy is None:
            return PermissionResult.NEUTRAL
        context = {"aws:securetransport": "true", "aws:sourceaccount": bucket.account_id}
        if "If-None-Match" in request.headers:
            context["s3:if-none-match"] = request.headers["If-None-Match"]
        policy = applicable(json.loads(bucket.policy.decode()), context)
        return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)

    moto_bucket: Any = FakeBucket
    moto_bucket.get_permission = get_permission
