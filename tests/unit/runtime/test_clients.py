"""Clients of AWS: an endpoint that is no URL is told before anything is asked."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from totelake.errors import ConfigurationError
from totelake.runtime.clients import Clients

REGION = "eu-west-2"


@pytest.mark.parametrize("endpoint", ["s3", "http://", "http://x y", "http://-x.y", "127.0.0.1:5000"])
@pytest.mark.parametrize("service", ["", "s3"])
def test_an_endpoint_that_is_no_url_is_told_in_one_sentence(endpoint: str, service: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Clients(REGION, {service: endpoint}).client("s3")
    assert str(refused.value) == f"Invalid endpoint: {endpoint}; correct AWS_ENDPOINT_URL"


def test_what_botocore_says_of_a_region_is_translated_as_everything_it_says() -> None:
    with pytest.raises(BotoCoreError, match="eu west"):
        Clients("eu west").client("s3")


def test_a_role_is_taken_anew_before_its_keys_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ours")
    lives, asked = [timedelta(minutes=5), timedelta(hours=1)], list[dict[str, str]]()

    class Sts:
        def assume_role(self, **wanted: str) -> Any:
            asked.append(wanted)
            expires = datetime.now(timezone.utc) + lives[len(asked) - 1]
            keys = {"AccessKeyId": f"key{len(asked)}", "SecretAccessKey": "s", "SessionToken": "t"}
            return {"Credentials": {**keys, "Expiration": expires}}

    clients = Clients("eu-west-2")
    monkeypatch.setattr(clients, "client", lambda _: Sts())
    taken = clients.of_role("arn:aws:iam::111122223333:role/reader", "eu-west-1")
    signer = taken.s3._request_signer  # type: ignore[attr-defined]
    used = [signer._credentials.get_frozen_credentials().access_key for _ in range(3)]
    assert used == ["key2"] * 3 and [item["RoleArn"][-6:] for item in asked] == ["reader"] * 2
    assert taken.s3.meta.region_name == "eu-west-1"
