"""The alerts that are noted in a bucket."""

from __future__ import annotations

from totelake.ports.object_store import ObjectStore


def noted_incidents(store: ObjectStore) -> set[str]:
    """The ids of all incidents."""
    return {item.key.rsplit("/", 1)[1].removesuffix(".json") for item in store.list("_alerts/incidents/")}
