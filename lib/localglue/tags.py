"""Tags of what localglue keeps itself, from its creation on; those of databases and tables are the endpoint's."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from localapi.documents import Document, Handler, Operations
from localglue.store import CONNECTION, CRAWLER, JOB, TAGS, TRIGGER, WORKFLOW, Store

_Name = Callable[[Document], str]
_CREATED: Mapping[str, tuple[str, _Name]] = {
    "CreateJob": ("job", lambda request: str(request["Name"])),
    "CreateTrigger": ("trigger", lambda request: str(request["Name"])),
    "CreateWorkflow": ("workflow", lambda request: str(request["Name"])),
    "CreateCrawler": ("crawler", lambda request: str(request["Name"])),
    "CreateConnection": ("connection", lambda request: str(request["ConnectionInput"]["Name"])),
}
_DELETED: Mapping[str, tuple[str, str]] = {
    "DeleteJob": ("job", "JobName"),
    "DeleteTrigger": ("trigger", "Name"),
    "DeleteWorkflow": ("workflow", "Name"),
    "DeleteCrawler": ("crawler", "Name"),
    "DeleteConnection": ("connection", "ConnectionName"),
}
_KINDS: Mapping[str, str] = {
    "job": JOB, "trigger": TRIGGER, "workflow": WORKFLOW, "crawler": CRAWLER, "connection": CONNECTION,
}  # fmt: skip
"""How the store calls what an ARN calls so."""


def carrying(store: Store, kind: str, names: list[str], request: Document) -> list[str]:
    """Those of the names whose resources have all tags that a List operation asks for; all if it asks for none."""
    wanted = (request.get("Tags") or {}).items()
    if not wanted:
        return names
    return [name for name in names if wanted <= (store.get(TAGS, f"{kind}/{name}") or {}).items()]


class Tags:
    """Keeps tags by the part of an ARN that names the resource, such as `job/ingest`."""

    def __init__(self, store: Store, elsewhere: Mapping[str, Handler]) -> None:
        self._store = store
        self._elsewhere = elsewhere
        """How TagResource, UntagResource and GetTags are answered for what localglue does not keep."""

    def operations(self) -> Operations:
        """The Glue operations that this class handles."""
        own: Operations = {"TagResource": self._tag, "UntagResource": self._untag, "GetTags": self._get}
        return {name: self._routed(name, handler) for name, handler in own.items()}

    def noting(self, operation: str, handler: Handler) -> Handler:
        """The handler of an operation; what it creates has its tags at once, and what it deletes leaves none."""
        if operation in _CREATED:
            return self._creating(handler, *_CREATED[operation])
        if operation in _DELETED:
            return self._deleting(handler, *_DELETED[operation])
        return handler

    def _creating(self, handler: Handler, kind: str, name: _Name) -> Handler:
        def create(request: Document) -> Document:
            answer = handler(request)
            self._put(f"{kind}/{name(request)}", request.get("Tags") or {})
            return answer

        return create

    def _deleting(self, handler: Handler, kind: str, member: str) -> Handler:
        def delete(request: Document) -> Document:
            answer = handler(request)
            self._store.delete(TAGS, f"{kind}/{request[member]}")
            return answer

        return delete

    def _routed(self, operation: str, own: Handler) -> Handler:
        def route(request: Document) -> Document:
            kind, _, name = _resource(request).partition("/")
            if kind not in _KINDS:
                return self._elsewhere[operation](request)
            self._store.existing(_KINDS[kind], name)
            return own(request)

        return route

    def _tag(self, request: Document) -> Document:
        resource = _resource(request)
        self._put(resource, {**self._of(resource), **request["TagsToAdd"]})
        return {}

    def _untag(self, request: Document) -> Document:
        resource, gone = _resource(request), set(request["TagsToRemove"])
        self._put(resource, {name: value for name, value in self._of(resource).items() if name not in gone})
        return {}

    def _get(self, request: Document) -> Document:
        return {"Tags": self._of(_resource(request))}

    def _of(self, resource: str) -> Document:
        return self._store.get(TAGS, resource) or {}

    def _put(self, resource: str, tags: Document) -> None:
        self._store.put(TAGS, resource, tags)


def _resource(request: Document) -> str:
    """`job/ingest` of `arn:aws:glue:eu-west-2:123456789012:job/ingest`."""
    return str(request["ResourceArn"]).split(":", 5)[-1]
