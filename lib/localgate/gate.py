"""Who may ask: whoever has signed with the endpoint's own key, and within a quarter of an hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from localgate.bodies import Read, checked_body
from localgate.calls import Call
from localgate.claims import Claim, claim_of
from localgate.keys import Keys
from localgate.refusals import Reason, Refused

_SKEW = timedelta(minutes=15)


def _now() -> datetime:
    return datetime.now(timezone.utc)


class Gate:
    """Checks requests against one key. `remedy` says where its owner finds it."""

    def __init__(self, keys: Keys, remedy: str, now: Callable[[], datetime] = _now) -> None:
        self._keys = keys
        self._remedy = remedy
        self._now = now

    def admit(self, call: Call, read: Read) -> bytes:
        """The body of a request that is signed as it should be. Raises Refused for every other."""
        if not call.target.startswith("/") or call.target.startswith("//"):
            raise Refused(Reason.UNSUPPORTED, "the request has to name a path, which begins with one slash")
        claim = claim_of(call)
        if claim.key_id != self._keys.access_key_id:
            message = f"The AWS Access Key Id you provided does not exist in our records. {self._remedy}"
            raise Refused(Reason.UNKNOWN_KEY, message, claim.service)
        self._check_time(claim)
        _check_headers(call, claim)
        return checked_body(call, claim, self._keys, read)

    def _check_time(self, claim: Claim) -> None:
        now, signed = self._now(), claim.moment
        told = f"it was signed at {claim.timestamp}, and here it is {now:%Y%m%dT%H%M%SZ}"
        if claim.expires is None:
            if abs(now - signed) > _SKEW:
                message = f"Signature expired: {told}, more than 15 minutes away; correct the clock, or sign anew"
                raise Refused(Reason.SKEWED, message, claim.service)
        elif signed - now > _SKEW:
            raise Refused(Reason.DENIED, f"Request is not valid yet: {told}", claim.service)
        elif now - signed > timedelta(seconds=claim.expires):
            raise Refused(Reason.DENIED, f"Request has expired: {told}, for {claim.expires} s", claim.service)


def _check_headers(call: Call, claim: Claim) -> None:
    """What tells the request's meaning has to be signed, so that nobody can add to it."""
    signed = {name.lower().replace("_", "-") for name in claim.signed_headers}
    needed = {"host", *(name for name in call.headers if name.startswith("x-amz-"))}
    missing = sorted(needed - signed)
    if missing:
        message = f"There were headers present in the request which were not signed: {', '.join(missing)}"
        raise Refused(Reason.DENIED, message, claim.service)
