"""Job definitions."""

from __future__ import annotations

from localapi.documents import Document, Operations
from localglue.commands import PYTHON_SHELL, SPARK
from localglue.job_rules import check_definition
from localglue.paging import page_of
from localglue.states import now
from localglue.store import JOB, JOB_BOOKMARK, Store
from localglue.tags import carrying

_DEFAULT_TIMEOUT = {PYTHON_SHELL: 2880, SPARK: 480}
_DEFAULT_GLUE_VERSION = "5.1"


class Jobs:
    """Create, read, update and delete job definitions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self) -> Operations:
        """The Glue operations that this class handles."""
        return {
            "CreateJob": self.create,
            "UpdateJob": self.update,
            "GetJob": lambda request: {"Job": self.get(request["JobName"])},
            "GetJobs": lambda request: page_of(request, "Jobs", self._store.all(JOB)),
            "ListJobs": self.list_names,
            "BatchGetJobs": self.batch_get,
            "DeleteJob": self.delete,
        }

    def get(self, name: str) -> Document:
        """The job. Raises EntityNotFound."""
        return self._store.existing(JOB, name)

    def create(self, request: Document) -> Document:
        """Add a job. Raises AlreadyExists, InvalidInput."""
        name = request["Name"]
        self._store.refuse_existing(JOB, name)
        moment = now()
        self._store.put(JOB, name, {**completed(request), "CreatedOn": moment, "LastModifiedOn": moment})
        return {"Name": name}

    def update(self, request: Document) -> Document:
        """Replace a job's definition. Members that the update does not name go back to their default, as on AWS."""
        name = request["JobName"]
        created = self.get(name)["CreatedOn"]
        job = completed({**request["JobUpdate"], "Name": name})
        self._store.put(JOB, name, {**job, "CreatedOn": created, "LastModifiedOn": now()})
        return {"JobName": name}

    def list_names(self, request: Document) -> Document:
        """The names of all jobs, or of those with these tags."""
        names = [job["Name"] for job in self._store.all(JOB)]
        return page_of(request, "JobNames", carrying(self._store, "job", names, request))

    def batch_get(self, request: Document) -> Document:
        """The jobs with these names, and the names without a job."""
        found = {name: self._store.get(JOB, name) for name in request["JobNames"]}
        return {
            "Jobs": [job for job in found.values() if job],
            "JobsNotFound": [name for name, job in found.items() if not job],
        }

    def delete(self, request: Document) -> Document:
        """Delete a job and its bookmark. It is no error if there is none, as on AWS."""
        self._store.delete(JOB, request["JobName"])
        self._store.delete(JOB_BOOKMARK, request["JobName"])
        return {"JobName": request["JobName"]}


def completed(request: Document) -> Document:
    """The definition with Glue's defaults. Raises InvalidInput if it can never run."""
    check_definition(request)
    kind = request["Command"]["Name"]
    defaults: Document = {
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 0,
        "Timeout": _DEFAULT_TIMEOUT[kind],
        "DefaultArguments": {},
    }
    defaults |= {"MaxCapacity": 0.0625} if kind == PYTHON_SHELL else {"GlueVersion": _DEFAULT_GLUE_VERSION}
    return {**defaults, **{name: value for name, value in request.items() if name != "Tags"}}
