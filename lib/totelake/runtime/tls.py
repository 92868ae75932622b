"""How far a connection to PostgreSQL is encrypted and whom it trusts, from the members of a secret."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from totelake.errors import ConfigurationError

VERIFIED = "verify-full"
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
_S3 = "s3://"


def sslmode_of(secret: Mapping[str, Any]) -> str:
    """The secret's sslmode; without one the server has to prove its name, but on this machine."""
    return str(secret.get("sslmode") or ("prefer" if str(secret.get("host")) in _THIS_MACHINE else VERIFIED))


def with_local_bundle(secret: Mapping[str, Any], name: str, s3: Any) -> Mapping[str, Any]:
    """The secret with its `sslrootcert` as a file of this machine: one at s3:// is fetched.

    Raises ConfigurationError when it is no certificate.
    """
    address = str(secret.get("sslrootcert") or "")
    if not address.startswith(_S3):
        return secret
    bucket, _, key = address[len(_S3) :].partition("/")
    body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    if b"-----BEGIN CERTIFICATE-----" not in body:
        raise ConfigurationError(
            f"{address}, the sslrootcert of the secret {name}, holds no certificate; see what it is"
        )
    file = Path(tempfile.mkdtemp(prefix="totelake-tls-")) / Path(key).name
    file.write_bytes(body)
    return {**secret, "sslrootcert": str(file)}
