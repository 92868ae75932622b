"""Addresses of hosts: which may be asked, and that one has nothing there. Whoever only looks needs no HTTP client."""

from __future__ import annotations

from urllib.parse import urlsplit

from totelake.errors import SourceError

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NotThereError(SourceError):
    """A host has nothing under an address, as of a day that it has no rates of."""


class NoRateError(NotThereError):
    """A host answers as it should, and its answer lacks the rate that is wanted."""


def is_allowed(url: str) -> bool:
    """Whether an address may be asked: with TLS, or on this machine."""
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return has_host and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url)))


def has_tls(url: str) -> bool:
    """Whether an address is asked with TLS."""
    return urlsplit(url).scheme == "https"


def is_loopback(url: str) -> bool:
    """Whether an address is of this machine."""
    return urlsplit(url).hostname in _LOOPBACK
