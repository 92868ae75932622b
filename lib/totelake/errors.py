"""The errors of the suite: each carries one sentence that says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping


class TotelakeError(Exception):
    """Root of every error that a user can read and act on."""


class ConfigurationError(TotelakeError):
    """An argument, a setting or a file is missing or wrong; a retry does not help."""


class ContractError(ConfigurationError):
    """A contract under catalog/ cannot be used as it stands."""


class SourceError(TotelakeError):
    """The source database refuses or lacks what ingestion needs."""


class LakeError(TotelakeError):
    """The lake's buckets or catalogue refuse or lack what a job needs."""


class StarTableError(TotelakeError):
    """One star table cannot be built or loaded as things are. It is held; no other waits for it."""


class SchemaMismatchError(TotelakeError):
    """What arrived does not fit its contract."""


class DamagedError(LakeError):
    """An object of the lake is gone, or not what its writer left."""


class WarehouseError(TotelakeError):
    """The warehouse refuses or lacks what the load needs."""


class MismatchError(TotelakeError):
    """Source, lake and warehouse do not agree."""


class NoAnswerError(TotelakeError):
    """What was asked is there, and gives no answer in time."""


class RetriableError(TotelakeError):
    """A passing condition; the same call may succeed later."""


class QuotaError(RetriableError):
    """A quota of AWS is reached: what it is for waits until there is less of it, or the quota is raised."""


class ContendedError(RetriableError):
    """Others change the same thing all the time; the same call may get through later."""


def parted(sentence: str, otherwise: str) -> tuple[str, str]:
    """What is, by a sentence of ours, and its end, which says what to do; `otherwise` where it says nothing of that."""
    what, _, remedy = sentence.rpartition("; ")
    return (what, remedy) if what else (remedy, otherwise)


def unexpected(error: Exception) -> str:
    """An error that nobody expected, on one line."""
    words = " ".join(str(error).split())
    return type(error).__name__ + (f": {words}" if words else "")


def raise_common(failures: Mapping[str, Exception], tried: int, known: Collection[str] = ()) -> None:
    """Raise the first failure when all that were tried fail, more than one of them anew: what several tables have in
    common is no table's own matter. `known` are those that failed by themselves before; one alone is its own matter.
    """
    fresh = [failure for name, failure in failures.items() if name not in known]
    if len(failures) == tried and len(fresh) > 1:
        raise fresh[0]
