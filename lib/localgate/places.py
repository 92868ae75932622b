"""Where a request comes from: this machine's own programs, or a web page that a browser of this machine shows."""

from __future__ import annotations

from collections.abc import Iterable

from localgate.calls import Call
from localgate.refusals import Reason, Refused

_NAMES = ("127.0.0.1", "localhost", "[::1]")


def local_hosts(port: int, others: Iterable[str] = ()) -> frozenset[str]:
    """The values of `Host` for a port of this machine; `others` are more names, without a port."""
    names = {name.lower() for name in (*_NAMES, *others)}
    return frozenset(f"{name}:{port}" for name in names) | (names if port == 80 else frozenset())


def refuse_foreign(call: Call, hosts: frozenset[str]) -> None:
    """Raises Refused for what a web page sends, and for a name that only somebody else's DNS leads here.

    Every browser names the page's `Origin` where it would let a page read an answer or send more than a form.
    """
    if "origin" in call.headers:
        raise Refused(Reason.FOREIGN, "this endpoint answers no web page: a request must not have the header Origin")
    host = call.header("host")
    if host.lower() not in hosts:
        known = ", ".join(sorted(hosts))
        raise Refused(Reason.FOREIGN, f"the header Host is '{host}', which is no name of this endpoint: {known}")
