"""Workgroups: where their results go, and what their queries may cost."""

from __future__ import annotations

import threading
from typing import Any

from localapi.documents import Document, Operations
from localathena.errors import InvalidRequest
from localathena.execution import ENGINE, now
from localathena.paging import page_of

PRIMARY = "primary"
ENABLED = "ENABLED"
_VERSION = ENGINE["EffectiveEngineVersion"]
# of an update, what takes a part of the configuration away
_REMOVALS = {
    "RemoveOutputLocation": "OutputLocation",
    "RemoveEncryptionConfiguration": "EncryptionConfiguration",
    "RemoveExpectedBucketOwner": "ExpectedBucketOwner",
    "RemoveAclConfiguration": "AclConfiguration",
}
_CLIENT_SIDE = "CSE_KMS"
_REFUSED = ("IdentityCenterConfiguration", "CustomerContentEncryptionConfiguration")


class Workgroups:
    """Workgroups by name, in memory. `primary` is always there."""

    def __init__(self, region: str) -> None:
        self._lock, self._region = threading.Lock(), region
        self._groups = {PRIMARY: _group(PRIMARY, "", {"EnforceWorkGroupConfiguration": False})}
        self._tags: dict[str, dict[str, str]] = {}

    def operations(self) -> Operations:
        """The operations that this class handles."""
        return {
            "CreateWorkGroup": self.create,
            "GetWorkGroup": self.get,
            "ListWorkGroups": self.list,
            "UpdateWorkGroup": self.update,
            "ListEngineVersions": self.engines,
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": self.tags,
        }

    def existing(self, name: str) -> Document:
        """A workgroup. Raises InvalidRequest when there is none."""
        with self._lock:
            return self._existing(name)

    def enabled(self, name: str) -> Document:
        """The configuration of a workgroup. Raises InvalidRequest when there is none, or it is disabled."""
        found = self.existing(name)
        if found["State"] != ENABLED:
            raise InvalidRequest(f"WorkGroup {name} is disabled; enable it by UpdateWorkGroup, or name another")
        configuration: Document = found["Configuration"]
        return configuration

    def _existing(self, name: str) -> Document:
        if name not in self._groups:
            raise InvalidRequest(f"WorkGroup {name} is not found; create it first, or check its name")
        return self._groups[name]

    def create(self, request: Document) -> Document:
        """Create one."""
        name, given = request["Name"], request.get("Configuration", {})
        _refuse_unread(given)
        with self._lock:
            if name in self._groups:
                raise InvalidRequest(f"WorkGroup {name} is already created; choose another name, or update it")
            self._groups[name] = _group(name, request.get("Description", ""), given)
            self._tags[self._arn(name)] = {tag["Key"]: tag.get("Value", "") for tag in request.get("Tags", ())}
        return {}

    def get(self, request: Document) -> Document:
        """One workgroup."""
        return {"WorkGroup": self.existing(request["WorkGroup"])}

    def list(self, request: Document) -> Document:
        """All workgroups, without their configuration."""
        with self._lock:
            groups = [self._groups[name] for name in sorted(self._groups)]
        shown = [
            {
                **{key: group[key] for key in ("Name", "State", "Description", "CreationTime")},
                "EngineVersion": group["Configuration"]["EngineVersion"],
            }
            for group in groups
        ]
        return page_of(request, "WorkGroups", shown)

    def update(self, request: Document) -> Document:
        """Change one; what the request does not name stays."""
        given = dict(request.get("ConfigurationUpdates", {}))
        _refuse_unread(given)
        with self._lock:
            group = self._existing(request["WorkGroup"])
            configuration = dict(group["Configuration"])
            if given.pop("RemoveBytesScannedCutoffPerQuery", False):
                configuration.pop("BytesScannedCutoffPerQuery", None)
            if "ResultConfigurationUpdates" in given:
                result = dict(configuration.get("ResultConfiguration", {}))
                changes = given.pop("ResultConfigurationUpdates")
                for name, member in _REMOVALS.items():
                    if changes.get(name):
                        result.pop(member, None)
                result.update({name: value for name, value in changes.items() if name not in _REMOVALS})
                configuration["ResultConfiguration"] = result
            if "ManagedQueryResultsConfigurationUpdates" in given:
                managed = dict(configuration.get("ManagedQueryResultsConfiguration", {}))
                changes = given.pop("ManagedQueryResultsConfigurationUpdates")
                if changes.get("RemoveEncryptionConfiguration"):
                    managed.pop("EncryptionConfiguration", None)
                managed.update(
                    {name: changes[name] for name in ("Enabled", "EncryptionConfiguration") if name in changes}
                )
                configuration["ManagedQueryResultsConfiguration"] = managed
            if "EngineVersion" in given:
                given["EngineVersion"] = _engine(given)
            changed = {**group, "Configuration": {**configuration, **given}}
            changed["Description"] = request.get("Description", group["Description"])
            changed["State"] = request.get("State", group["State"])
            self._groups[request["WorkGroup"]] = changed
        return {}

    def delete(self, name: str) -> None:
        """Delete one. Raises InvalidRequest for `primary`."""
        if name == PRIMARY:
            raise InvalidRequest(f"WorkGroup {PRIMARY} cannot be deleted")
        with self._lock:
            self._existing(name)
            del self._groups[name]
            self._tags.pop(self._arn(name), None)

    @staticmethod
    def engines(request: Document) -> Document:
        """The engines that a workgroup may have."""
        return page_of(request, "EngineVersions", [ENGINE, {**ENGINE, "SelectedEngineVersion": _VERSION}])

    def tag(self, request: Document) -> Document:
        """Add tags."""
        with self._lock:
            self._tags_of(request).update({tag["Key"]: tag.get("Value", "") for tag in request["Tags"]})
        return {}

    def untag(self, request: Document) -> Document:
        """Remove tags."""
        with self._lock:
            tags = self._tags_of(request)
            for key in request["TagKeys"]:
                tags.pop(key, None)
        return {}

    def tags(self, request: Document) -> Document:
        """The tags of a workgroup."""
        with self._lock:
            found = [{"Key": key, "Value": value} for key, value in self._tags_of(request).items()]
        return page_of({"MaxResults": 75, **request}, "Tags", found)

    def _tags_of(self, request: Document) -> dict[str, str]:
        arn = request["ResourceARN"]
        name = arn.rpartition("workgroup/")[2]
        if name not in self._groups:
            raise InvalidRequest(f"{arn} is no workgroup that is here; only workgroups have tags on this machine")
        return self._tags.setdefault(self._arn(name), {})

    def _arn(self, name: str) -> str:
        return f"arn:aws:athena:{self._region}:123456789012:workgroup/{name}"


def _group(name: str, description: str, given: Document) -> Document:
    configuration: dict[str, Any] = {
        "ResultConfiguration": {},
        "EnforceWorkGroupConfiguration": True,
        "PublishCloudWatchMetricsEnabled": False,
        "RequesterPaysEnabled": False,
        **given,
        "EngineVersion": _engine(given),
    }
    return {
        "Name": name,
        "State": ENABLED,
        "Configuration": configuration,
        "Description": description,
        "CreationTime": now(),
    }


def _engine(given: Document) -> Document:
    """The engine that is asked for, and the one that it is."""
    selected = given.get("EngineVersion", {}).get("SelectedEngineVersion", ENGINE["SelectedEngineVersion"])
    return {**ENGINE, "SelectedEngineVersion": selected}


def refuse_encryption(result: Document) -> None:
    """Raise InvalidRequest for a result's configuration that wants what only the client's side can decrypt."""
    if result.get("EncryptionConfiguration", {}).get("EncryptionOption") == _CLIENT_SIDE:
        raise InvalidRequest(
            f"{_CLIENT_SIDE} is not supported on this machine; nothing was done. Take SSE_S3 or SSE_KMS"
        )


def _refuse_unread(given: Document) -> None:
    """Raise InvalidRequest for what a workgroup would promise and not keep."""
    for name in _REFUSED:
        if name in given:
            raise InvalidRequest(f"{name} is not supported on this machine; nothing was done. Leave it out")
    for name in ("ResultConfiguration", "ResultConfigurationUpdates"):
        refuse_encryption(given.get(name, {}))
    engine = given.get("EngineVersion", {}).get("SelectedEngineVersion", "AUTO")
    if engine not in ("AUTO", _VERSION):
        raise InvalidRequest(f"the engine '{engine}' is not supported on this machine; take {_VERSION}")
