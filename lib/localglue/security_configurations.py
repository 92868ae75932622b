"""Security configurations: on one machine they name and encrypt log groups; objects are encrypted by their bucket."""

from __future__ import annotations

from localapi.documents import Document, Operations
from localglue.paging import page_of
from localglue.states import now
from localglue.store import SECURITY_CONFIGURATION, Store


class SecurityConfigurations:
    """Create, read and delete security configurations."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self) -> Operations:
        """The Glue operations that this class handles."""
        return {
            "CreateSecurityConfiguration": self.create,
            "GetSecurityConfiguration": lambda request: {"SecurityConfiguration": self.get(request["Name"])},
            "GetSecurityConfigurations": lambda request: page_of(
                request, "SecurityConfigurations", self._store.all(SECURITY_CONFIGURATION)
            ),
            "DeleteSecurityConfiguration": self.delete,
        }

    def get(self, name: str) -> Document:
        """The security configuration. Raises EntityNotFound."""
        return self._store.existing(SECURITY_CONFIGURATION, name)

    def create(self, request: Document) -> Document:
        """Add a security configuration. Raises AlreadyExists."""
        name, moment = request["Name"], now()
        self._store.refuse_existing(SECURITY_CONFIGURATION, name)
        encryption = request["EncryptionConfiguration"]
        body = {"Name": name, "CreatedTimeStamp": moment, "EncryptionConfiguration": encryption}
        self._store.put(SECURITY_CONFIGURATION, name, body)
        return {"Name": name, "CreatedTimestamp": moment}

    def delete(self, request: Document) -> Document:
        """Delete a security configuration. Raises EntityNotFound."""
        self.get(request["Name"])
        self._store.delete(SECURITY_CONFIGURATION, request["Name"])
        return {}

    def log_key(self, name: str | None) -> str | None:
        """The key of the log groups of those that have it; None where logs are not encrypted. Raises EntityNotFound."""
        if not name:
            return None
        encryption = self.get(name)["EncryptionConfiguration"].get("CloudWatchEncryption", {})
        key: str | None = encryption.get("KmsKeyArn")
        return key if encryption.get("CloudWatchEncryptionMode") == "SSE-KMS" else None
