"""Clients of AWS: an endpoint that is no URL is told before anything is asked."""

from __future__ import annotations

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
