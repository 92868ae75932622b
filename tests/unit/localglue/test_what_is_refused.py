"""Requests that are told what is wrong with them, and an interpreter that is asked for its own packages alone."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest

from localglue.clients import Clients
from localglue.crawlers import Crawlers
from localglue.data_catalog import DataCatalog
from localglue.errors import InvalidInput
from localglue.glue_libraries import GlueLibraries, our_folder
from localglue.store import Store


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({"CrawlerOutput": []}, r"CrawlerOutput of its Configuration is \[\]; it is a JSON object"),
        ({"CrawlerOutput": {"Tables": "x"}}, "CrawlerOutput.Tables of its Configuration is x"),
        ({"CrawlerOutput": {"Partitions": 1}}, "CrawlerOutput.Partitions of its Configuration is 1"),
        ({"Grouping": None}, "Grouping of its Configuration is None"),
    ],
)
def test_a_section_of_a_crawlers_configuration_is_an_object(
    tmp_path: Path, configuration: dict[str, Any], said: str
) -> None:
    store = Store(tmp_path / "state.sqlite")
    targets = {"S3Targets": [{"Path": "s3://bucket/t"}]}
    request = {"Name": "c", "Role": "r", "Targets": targets, "Configuration": json.dumps(configuration)}
    with pytest.raises(InvalidInput, match=said):
        Crawlers(store, threading.RLock()).create(request)
    store.close()


def test_what_botocore_does_not_send_is_invalid_input() -> None:
    glue = boto3.client("glue", region_name="eu-west-2", endpoint_url="http://127.0.0.1:9")
    catalog = DataCatalog(cast(Clients, SimpleNamespace(data_catalog=glue)), "http://127.0.0.1:9")
    columns = [{"Name": "", "Type": "string"}]
    with pytest.raises(InvalidInput, match="CreateTable has a request that Glue does not take .*Name, value: 0"):
        catalog.call(
            "CreateTable", {"DatabaseName": "d", "TableInput": {"Name": "t", "StorageDescriptor": {"Columns": columns}}}
        )


def test_a_folder_in_which_localglue_runs_brings_no_awsglue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "awsglue").mkdir()
    (tmp_path / "awsglue" / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    assert GlueLibraries().folders(sys.executable) == [our_folder()]
