"""A password as PostgreSQL keeps it, reckoned before it is sent, so that no statement and no log has the password.

`TOTELAKE_PASSWORD=... python -m totelake.roles.verifier` prints it.
"""

from __future__ import annotations

import os
import secrets
import sys
from base64 import b64encode
from hashlib import pbkdf2_hmac, sha256
from hmac import digest

from totelake.errors import ConfigurationError

_VARIABLE = "TOTELAKE_PASSWORD"
_ITERATIONS, _SALT_BYTES = 4096, 16


def verifier(password: str, salt: bytes | None = None) -> str:
    """The SCRAM-SHA-256 verifier of a password, as `pg_authid` has it (RFC 5803); without a salt it takes a random one.

    Raises ConfigurationError for an empty password and for characters that are not printable ASCII, which every client
    would have to normalise alike.
    """
    if not password or not (password.isascii() and password.isprintable()):
        raise ConfigurationError(
            f"{_VARIABLE} is empty, or has characters that are not printable ASCII: take another password, such as of "
            "`openssl rand -base64 24`"
        )
    salt = salt or secrets.token_bytes(_SALT_BYTES)
    salted = pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    stored = sha256(digest(salted, b"Client Key", "sha256")).digest()
    server = digest(salted, b"Server Key", "sha256")
    in_base64 = [b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{in_base64[0]}${in_base64[1]}:{in_base64[2]}"


def main() -> int:
    """Print the verifier of the password in the environment."""
    try:
        sys.stdout.write(f"{verifier(os.environ.get(_VARIABLE, ''))}\n")
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
