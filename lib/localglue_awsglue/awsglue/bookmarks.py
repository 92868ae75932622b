"""The job bookmark as a run sees it: which files are new for a source, and what to remember when the job commits.

The state of a source has the form of AWS's: the moment of the read, and of the files that changed in the band before
it a list, so that a file is taken once though it changed in the same second as another, and again when it changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from botocore.session import get_session

from awsglue.objects import File, client
from awsglue.utils import DISABLE, ENABLE

_KIND = "HadoopDataSourceJobBookmarkState"
_BAND, _MOST_IN_BAND = 900_000, 1_000
_SECOND = 1_000
"""S3 says when an object changed to the second, so no band may be shorter."""
_COMMIT = "LocalGlue.CommitJobBookmark"
"""An operation of localglue's own, as AWS's is not public."""


class BookmarkError(Exception):
    """The bookmark cannot be read or written."""


@dataclass(frozen=True)
class Seen:
    """What a source has processed: all before `start` less `band` (milliseconds), and the files of `included`."""

    start: int = 0
    band: int = _BAND
    included: frozenset[str] = frozenset()

    @classmethod
    def of(cls, state: Mapping[str, Any] | None) -> Seen:
        """What the stored state of a source says. Raises BookmarkError for a state of something else."""
        if state is None:
            return cls()
        if state.get("jsonClass") != _KIND:
            raise BookmarkError(f"the bookmark has a state of {state.get('jsonClass')}, which is no source of files")
        stamps = state["timestamps"]
        moment = datetime.fromisoformat(stamps["CURR_RUN_START_TIME"].replace("Z", "+00:00"))
        words = stamps.get("INCLUDE_LIST", "")
        return cls(
            round(moment.timestamp() * 1000), int(stamps["HIGH_BAND"]), frozenset(filter(None, words.split(",")))
        )

    def has(self, file: File) -> bool:
        """Whether the file was processed."""
        return file.modified < self.start - self.band or _mark(file) in self.included

    def state(self, run: int) -> dict[str, Any]:
        """The form in which it is stored."""
        moment = datetime.fromtimestamp(self.start / 1000, timezone.utc).isoformat(timespec="milliseconds")
        stamps = {
            "RUN": str(run),
            "HIGH_BAND": str(self.band),
            "CURR_LATEST_PARTITION": "0",
            "CURR_LATEST_PARTITIONS": "",
            "CURR_RUN_START_TIME": moment.replace("+00:00", "Z"),
            "INCLUDE_LIST": ",".join(sorted(self.included)),
        }
        return {"jsonClass": _KIND, "timestamps": stamps}


def now() -> int:
    """The present moment, in milliseconds since 1970."""
    return round(datetime.now(timezone.utc).timestamp() * 1000)


def _mark(file: File) -> str:
    """What stands for a file with its content of that moment."""
    return hashlib.md5(f"{file.address}\n{file.modified}".encode(), usedforsecurity=False).hexdigest()


def chosen(files: Sequence[File], seen: Seen, now: int, options: Mapping[str, Any]) -> tuple[list[File], Seen]:
    """The files to process of those listed, oldest first, and what is processed afterwards.

    `boundedFiles` and `boundedSize` end the list early, and `maxFilesInBand` leaves out the newest files of the band.
    """
    band = max(_SECOND, int(options.get("maxBand", _BAND)))
    fresh = [one for one in files if not seen.has(one)]
    taken = _bounded(fresh, options)
    most, in_band = int(options.get("maxFilesInBand", _MOST_IN_BAND)), 0
    kept = []
    for one in taken:
        in_band += one.modified >= now - band
        if in_band <= most:
            kept.append(one)
    left = {one.address for one in fresh} - {one.address for one in kept}
    # what is left has to lie in the band, or the next run would take it for processed
    start = min([now, *[one.modified for one in fresh if one.address in left]])
    done = [one for one in files if one.address not in left and one.modified >= start - band]
    return kept, Seen(start, band, frozenset(_mark(one) for one in done))


def _bounded(files: Sequence[File], options: Mapping[str, Any]) -> list[File]:
    most, size = int(options.get("boundedFiles", 0)), int(options.get("boundedSize", 0))
    found: list[File] = []
    total = 0
    for one in files:
        total += one.size
        if (most and len(found) >= most) or (size and total > size and found):
            break
        found.append(one)
    return found


class Bookmark:
    """The bookmark of one run. What it has read is remembered when the job commits, and not before."""

    def __init__(self, job_name: str, run_id: str, option: str = DISABLE, first: str = "", last: str = "") -> None:
        self.job_name, self.run_id, self.option = job_name, run_id, option
        self._version, self._run = 0, 0
        self._states: dict[str, Any] = {}
        self._until: dict[str, Any] | None = None
        self._made: dict[str, Any] = {}
        if option == DISABLE:
            return
        if first and last:
            self._states, self._until = self._entry(first)[1], self._entry(last)[1]
            return
        found, self._states = self._entry("")
        self._version, self._run = int(found.get("Version", 0)), int(found.get("Run", 0))

    def _entry(self, run_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The entry after a run, or the newest, and its states."""
        try:
            request = {"JobName": self.job_name, **({"RunId": run_id} if run_id else {})}
            entry = client("glue").get_job_bookmark(**request)["JobBookmarkEntry"]
        except ClientError as problem:
            if problem.response["Error"]["Code"] == "EntityNotFoundException" and not run_id:
                return {}, {}
            raise
        return entry, json.loads(entry.get("JobBookmark") or "{}")

    def files(self, context: str, files: Sequence[File], options: Mapping[str, Any], moment: int) -> list[File]:
        """Those of the listed files that the source with this transformation context is to read.

        `moment` is that before the listing (`now`): a file that came while S3 listed may not be in it.
        """
        if self.option == DISABLE or not context:
            return _bounded(files, options)
        seen = Seen.of(self._states.get(context))
        if self._until is not None:
            until = Seen.of(self._until.get(context))
            return _bounded([one for one in files if until.has(one) and not seen.has(one)], options)
        kept, after = chosen(files, seen, moment, options)
        self._made[context] = after.state(self._run + 1)
        return kept

    def commit(self) -> None:
        """Remember what was read, in one step. Raises BookmarkError when another run has committed meanwhile."""
        if self.option != ENABLE:
            return
        states = {**self._states, **self._made}
        document = {
            "JobName": self.job_name,
            "RunId": self.run_id,
            "Version": self._version,
            "JobBookmark": json.dumps(states, sort_keys=True),
        }
        entry = _call(_COMMIT, document)
        self._states, self._made = states, {}
        self._version, self._run = int(entry["Version"]), int(entry["Run"])


def _call(target: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """What localglue answers to an operation of its own. Raises BookmarkError with what it says."""
    address = os.environ.get("AWS_ENDPOINT_URL_GLUE") or os.environ.get("AWS_ENDPOINT_URL")
    if not address:
        raise BookmarkError("AWS_ENDPOINT_URL_GLUE names no localglue, so the bookmark cannot be kept")
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
    url, content = f"{address.rstrip('/')}/", json.dumps(document)
    request = AWSRequest("POST", url, data=content, headers=headers)
    session = get_session()
    keys, region = session.get_credentials(), session.get_config_variable("region") or "us-east-1"
    if keys is None:
        raise BookmarkError("there is no key to sign with, so the bookmark cannot be kept")
    SigV4Auth(keys, "glue", region).add_auth(request)
    made = urllib.request.Request(url, data=content.encode(), method="POST")
    for name, value in request.headers.items():
        made.add_header(name, value)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(made, timeout=60) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found
    except urllib.error.HTTPError as problem:
        with problem:
            said = json.loads(problem.read() or b"{}").get("message", problem.reason)
        raise BookmarkError(f"the bookmark of job {document['JobName']} was not kept: {said}") from problem
    except OSError as problem:
        raise BookmarkError(f"the bookmark of job {document['JobName']} was not kept: {problem}") from problem
