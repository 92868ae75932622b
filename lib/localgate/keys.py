"""An access key of an endpoint on one machine."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

# AWS's own keys begin with AKIA or ASIA; nobody takes this one for a leaked key of an account
_BEGINNING = "LKIA"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_IS_ID = re.compile(r"[A-Za-z0-9_-]+")
_ID, _SECRET = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"


@dataclass(frozen=True)
class Keys:
    """An access key id and its secret."""

    access_key_id: str
    secret_access_key: str = field(repr=False)

    @classmethod
    def random(cls) -> Keys:
        """A new pair that nobody can guess, in the form of AWS's own."""
        return cls(_BEGINNING + "".join(secrets.choice(_LETTERS) for _ in range(16)), secrets.token_urlsafe(30))

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> Keys:
        """The pair in AWS's own variables. Raises KeyError when one is missing."""
        return cls(environment[_ID], environment[_SECRET])

    @classmethod
    def given(cls, environment: Mapping[str, str], key_name: str, secret_name: str) -> Keys | None:
        """The pair in a server's own variables of these names; None without them.

        Raises ValueError for half a pair, or a key that fits no header.
        """
        key, secret = environment.get(key_name, ""), environment.get(secret_name, "")
        if not key and not secret:
            return None
        if not key or not secret:
            missing = secret_name if key else key_name
            raise ValueError(f"{missing} is not set; set both {key_name} and {secret_name}, or neither")
        if not _IS_ID.fullmatch(key):
            raise ValueError(f"{key_name} is '{key}'; it may have letters, digits, _ and - only")
        return cls(key, secret)

    def environment(self) -> dict[str, str]:
        """AWS's own variables for the pair."""
        return {_ID: self.access_key_id, _SECRET: self.secret_access_key}

    def token(self, purpose: str) -> str:
        """A word that only who knows the secret can say, for senders that cannot sign."""
        return hmac.new(self.secret_access_key.encode(), purpose.encode(), sha256).hexdigest()
