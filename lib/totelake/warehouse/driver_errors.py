"""What the JDBC driver's exceptions mean: an error that says whether it passes, and what to do."""

from __future__ import annotations

from typing import Any

from totelake.errors import RetriableError, TotelakeError, WarehouseError
from totelake.ports.postgres_address import PostgresAddress
from totelake.ports.sqlstates import WAREHOUSE, cause_of
from totelake.runtime.java_exceptions import causes, is_of_surroundings

# what is of the server, the connection or other sessions where only the state tells, by its first two characters:
# connection, transaction, role, database, conflict, resources, lock, intervention, system, configuration
_SURROUNDINGS = ("08", "25", "28", "3D", "40", "53", "55", "57", "58", "F0")
_OF_A_CONNECTION = ("08", "28", "3D", "57P")
_SEE_TABLE = "see the table's definition, constraints and triggers in the warehouse, and the server's log"
_UNTRUSTED = ("could not be verified", "SSL error", "SSL root certificate")


class RefusedError(WarehouseError):
    """The warehouse refuses one statement, whatever becomes of others."""


def explained(address: PostgresAddress, exception: Any, is_alone: bool = False) -> TotelakeError:
    """What a Java exception of the driver means, as one sentence; the password is taken out of whatever it says.

    `is_alone`: nothing but a statement failed, for its connection lives and can undo it. Its state says nothing of the
    connection then: a trigger raises any, or passes on that of another server.
    """
    found = _of_driver(exception)
    said = address.hide(f"{(found or exception).getMessage()}{_unknown_host(exception)}")
    if found is None:
        kind = WarehouseError if is_of_surroundings(exception) else RefusedError
        return kind(f"{address}: {said}; see the job's error log")
    state, role = str(found.getSQLState() or ""), address.username
    if is_alone:
        known = None if state.startswith(_OF_A_CONNECTION) else cause_of(state, said, WAREHOUSE)
        answered = "" if known else f" answered {state or 'no state'}"
        remedy = known.remedy.format(role=role) if known else _SEE_TABLE
        return RefusedError(f"{address}{answered}: {said}; {remedy}")
    if state.startswith("28"):
        return WarehouseError(f"{address} refuses the role {role}: {said}; correct the secret")
    if state.startswith("08") and any(word in said for word in _UNTRUSTED):
        return WarehouseError(f"{address} is not trusted: {said}; correct host, sslmode or sslrootcert in the secret")
    if "unsupported startup parameter" in said:
        return WarehouseError(f"{address} is behind a pooler: {said}; name the server itself in the secret")
    if state.startswith("3D"):
        return WarehouseError(f"{address} does not exist: {said}; create it or correct dbname in the secret")
    refused = WarehouseError if not state or state.startswith(_SURROUNDINGS) else RefusedError
    cause = cause_of(state, said, WAREHOUSE)
    if cause is not None:
        meant: type[TotelakeError] = RetriableError if cause.passes else refused
        return meant(f"{address}: {said}; {cause.remedy.format(role=role)}")
    return refused(f"{address} answered {state or 'no state'}: {said}; see the server's log")


def _unknown_host(exception: Any) -> str:
    """What the driver does not say itself: that the host has no address."""
    found = (item for item in causes(exception) if str(item.getClass().getName()) == "java.net.UnknownHostException")
    return next((f" Unknown host: {item.getMessage()}" for item in found), "")


def _of_driver(exception: Any) -> Any:
    """The driver's own exception among the causes that Spark and JDBC's batches wrap around it; None without one."""
    found = (item for item in causes(exception) if str(item.getClass().getName()).startswith("org.postgresql."))
    return next(found, None)
