"""AWS clients, made on first use. Endpoints come from the environment, so the same code meets AWS and one machine."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Mapping
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from totelake.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

_HERE = re.compile(r"^(localhost|.*\.localhost|127(\.\d+){3}|::1|0\.0\.0\.0)$")
_RETRIES: Any = {"mode": "standard", "max_attempts": 5}


def is_on_this_machine(endpoint: str) -> bool:
    """Whether an endpoint's host is this machine's loopback: no account of AWS answers there."""
    try:
        return _HERE.match(urlsplit(endpoint).hostname or "") is not None
    except ValueError:
        return False


class Clients:
    """boto3 clients by service name; `endpoints` gives a service's URL, '' the one for all others.

    `credentials` are a key and its secret, a session's token with them where it has one; without them boto3 looks
    where it always does. `renewed` are botocore's credentials that renew themselves, in the place of both.
    """

    def __init__(
        self,
        region: str | None = None,
        endpoints: Mapping[str, str] | None = None,
        credentials: tuple[str, ...] | None = None,
        renewed: Any = None,
    ) -> None:
        self.region = region
        self._credentials, self._renewed = credentials, renewed
        self.endpoints = dict(endpoints or {})
        self._made: dict[str, Any] = {}
        self._lock = Lock()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Clients:
        """Read AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE> and the region: boto3 1.21 knows no endpoint variables."""
        given = os.environ if environment is None else environment
        prefix = "AWS_ENDPOINT_URL"
        endpoints = {
            name[len(prefix) :].lstrip("_").lower(): value
            for name, value in given.items()
            if (name == prefix or name.startswith(prefix + "_")) and value
        }
        return cls(given.get("AWS_REGION") or given.get("AWS_DEFAULT_REGION"), endpoints)

    def elsewhere(self, region: str) -> Clients:
        """Clients of another region."""
        return Clients(region, self.endpoints, self._credentials, self._renewed)

    def of_role(self, role: str, region: str | None = None) -> Clients:
        """Clients of whoever takes a role, which is taken anew before its keys run out. Raises what AWS answers."""
        from botocore.credentials import RefreshableCredentials

        sts, name = self.client("sts"), f"totelake-{uuid.uuid4().hex[:12]}"

        def taken() -> dict[str, str]:
            found = sts.assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]
            return {
                "access_key": found["AccessKeyId"],
                "secret_key": found["SecretAccessKey"],
                "token": found["SessionToken"],
                "expiry_time": found["Expiration"].isoformat(),
            }

        # the first time at once: who may not take the role is told so, and not that an object is refused
        keys = RefreshableCredentials.create_from_metadata(taken(), taken, "assume-role")
        return Clients(region or self.region, self.endpoints, renewed=keys)

    def client(self, service: str) -> Any:
        """The client of a service. Raises ConfigurationError for an endpoint that is no URL."""
        with self._lock:
            if service not in self._made:
                self._made[service] = self._make(service)
            return self._made[service]

    def _make(self, service: str) -> Any:
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        endpoint = self.endpoints.get(service) or self.endpoints.get("")
        config = Config(
            retries=_RETRIES,
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=32,
            s3={"addressing_style": "path"} if endpoint else None,
        )
        try:
            return self._session.client(service, endpoint_url=endpoint, config=config)
        except ValueError as error:
            # botocore's own errors say what is wrong with the region or the profile; a wrong URL has none
            if isinstance(error, BotoCoreError):
                raise
            words = " ".join(str(error).split())
            if endpoint and endpoint in words:
                raise ConfigurationError(f"{words}; correct AWS_ENDPOINT_URL") from error
            raise ConfigurationError(f"no client of {service}: {words}; correct the files in ~/.aws/models") from error

    @cached_property
    def _session(self) -> Any:
        """One for all clients, since each session reads the list of all endpoints of AWS anew."""
        from boto3.session import Session
        from botocore.loaders import Loader
        from botocore.session import get_session

        key, secret, token = (*(self._credentials or ()), None, None, None)[:3]
        core = get_session()
        if self.endpoints:
            # what a user keeps in ~/.aws/models describes AWS, not what stands for it
            core.register_component("data_loader", Loader([Loader.BUILTIN_DATA_PATH], None, None, False))
        if self._renewed is not None:
            core.register_component("credential_provider", _only(self._renewed))
        return Session(key, secret, token, region_name=self.region, botocore_session=core)

    @property
    def s3(self) -> S3Client:
        """Amazon S3."""
        return cast("S3Client", self.client("s3"))

    @property
    def glue(self) -> GlueClient:
        """AWS Glue."""
        return cast("GlueClient", self.client("glue"))

    @property
    def secretsmanager(self) -> SecretsManagerClient:
        """AWS Secrets Manager."""
        return cast("SecretsManagerClient", self.client("secretsmanager"))

    @property
    def cloudwatch(self) -> CloudWatchClient:
        """Amazon CloudWatch metrics."""
        return cast("CloudWatchClient", self.client("cloudwatch"))

    @property
    def sns(self) -> SNSClient:
        """Amazon SNS."""
        return cast("SNSClient", self.client("sns"))

    @property
    def logs(self) -> CloudWatchLogsClient:
        """Amazon CloudWatch Logs."""
        return cast("CloudWatchLogsClient", self.client("logs"))

    @property
    def sqs(self) -> SQSClient:
        """Amazon SQS."""
        return cast("SQSClient", self.client("sqs"))


def _only(credentials: Any) -> Any:
    """What finds these credentials, wherever else there are some."""
    from botocore.credentials import CredentialProvider, CredentialResolver

    class Given(CredentialProvider):  # type: ignore[misc,unused-ignore]
        METHOD = "assume-role"

        def load(self) -> Any:
            return credentials

    return CredentialResolver([Given()])
