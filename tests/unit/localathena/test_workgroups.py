"""Workgroups as they are updated, and what one would promise and not keep."""

from __future__ import annotations

from typing import Any

import pytest

from localathena.errors import InvalidRequest
from localathena.saved import Saved
from localathena.submissions import submitted
from localathena.workgroups import Workgroups

_CLIENT_SIDE = {"EncryptionConfiguration": {"EncryptionOption": "CSE_KMS", "KmsKey": "k"}}
_VERSION = "Athena engine version 3"


@pytest.fixture
def groups() -> Workgroups:
    """Those of one machine, with the group `w`."""
    found = Workgroups("eu-west-2")
    found.create({"Name": "w", "Configuration": {"EngineVersion": {"SelectedEngineVersion": _VERSION}}})
    return found


def configuration(groups: Workgroups, **updates: Any) -> Any:
    """The configuration of `w` after an update."""
    groups.update({"WorkGroup": "w", "ConfigurationUpdates": updates})
    return groups.enabled("w")


def test_managed_results_are_switched_by_an_update(groups: Workgroups) -> None:
    key = {"KmsKey": "k"}
    managed = {"Enabled": True, "EncryptionConfiguration": key}
    found = configuration(groups, ManagedQueryResultsConfigurationUpdates=managed)
    assert found["ManagedQueryResultsConfiguration"] == managed
    changes = {"Enabled": False, "RemoveEncryptionConfiguration": True}
    found = configuration(groups, ManagedQueryResultsConfigurationUpdates=changes)
    assert found["ManagedQueryResultsConfiguration"] == {"Enabled": False}
    assert "ManagedQueryResultsConfigurationUpdates" not in found


def test_a_group_says_which_engine_was_selected_and_which_it_has(groups: Workgroups) -> None:
    engines = [groups.enabled("w")["EngineVersion"]]
    engines.append(configuration(groups, EngineVersion={"SelectedEngineVersion": "AUTO"})["EngineVersion"])
    engines.append(configuration(groups, RequesterPaysEnabled=True)["EngineVersion"])
    assert [(item["SelectedEngineVersion"], item["EffectiveEngineVersion"]) for item in engines] == [
        (_VERSION, _VERSION), ("AUTO", _VERSION), ("AUTO", _VERSION),
    ]  # fmt: skip


def test_what_only_the_client_can_decrypt_is_refused_wherever_it_is_asked_for(groups: Workgroups) -> None:
    request = {"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "s3://bench/", **_CLIENT_SIDE}}
    asks = (
        lambda: groups.create({"Name": "x", "Configuration": {"ResultConfiguration": _CLIENT_SIDE}}),
        lambda: configuration(groups, ResultConfigurationUpdates=_CLIENT_SIDE),
        lambda: submitted(request, "w", {}, Saved(groups)),
    )
    for ask in asks:
        with pytest.raises(InvalidRequest, match="CSE_KMS is not supported on this machine"):
            ask()
