"""What a login to a database tells, by whatever driver: AWS Glue's Spark has no psycopg2."""

from __future__ import annotations

from totelake.canary.look import unknown
from totelake.ports.postgres_address import VERIFY, PostgresAddress
from totelake.runtime.outcome import Result, ok, warning

TLS = "a login over TLS, the server's name proven"


def judge_login(address: PostgresAddress, version: str, protocol: str) -> Result:
    """What a login tells; `protocol` is that of its TLS, '' without."""
    way = f"by {protocol}, sslmode {address.sslmode}" if protocol else "without TLS"
    told = f"PostgreSQL {version} lets {address.username} in {way}: {address}"
    if not protocol and address.is_here:
        return unknown(f"{told}, on this machine", "look on AWS")
    exposure = address.exposure(bool(protocol))
    return warning(f"{told}; {exposure}", VERIFY) if exposure else ok(told)
