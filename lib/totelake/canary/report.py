"""What one of a canary's jobs reports: a record in the ingestion bucket, written once."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from totelake.canary.look import Finding
from totelake.errors import LakeError
from totelake.lake.keys import canary_report_key
from totelake.lake.reading import checked, reading
from totelake.ports.object_store import ObjectStore

FORMAT = 1


@dataclass(frozen=True)
class CanaryReport:
    """The findings of one job in one run of the canary; `written` is a moment in ISO 8601."""

    run: str
    job: str
    written: str
    findings: tuple[Finding, ...]

    @property
    def key(self) -> str:
        """The key that it lies at."""
        return canary_report_key(self.run, self.job)

    def to_json(self) -> bytes:
        """The record as readable JSON, keys in a fixed order."""
        return (json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n").encode("utf-8")

    @classmethod
    def from_json(cls, body: bytes, where: str) -> CanaryReport:
        """Read a record; `where` names it in errors. Raises LakeError when it is damaged or of another format."""
        with reading(where, "report"):
            document = json.loads(body)
            given = document.pop("format")
            if given is True or given != FORMAT:
                raise LakeError(f"{where} has format {given}, this version reads {FORMAT}; upgrade totelake")
            findings = tuple(Finding(**item) for item in document.pop("findings"))
            return checked(cls(findings=findings, **document))


def put(store: ObjectStore, report: CanaryReport) -> None:
    """Write the record. Raises LakeError when there is one."""
    if not store.create(report.key, report.to_json()):
        raise LakeError(f"{store.address(report.key)} is there already; start the canary under another --canary_run")


def find(store: ObjectStore, run: str, job: str) -> CanaryReport | None:
    """The record of a job in a run; None when it has left none. Raises LakeError when it cannot be read."""
    key = canary_report_key(run, job)
    body = store.find(key)
    return None if body is None else CanaryReport.from_json(body, store.address(key))
