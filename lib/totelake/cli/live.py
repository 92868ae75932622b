"""The live source as commands look at it: by the reading role of the ingestion's secret."""

from __future__ import annotations

import json
from collections.abc import Sequence

from totelake.capture.describe import DescribedTable, describe
from totelake.capture.session import Session
from totelake.capture.source import SourceAddress, connect
from totelake.deploy.target import Target
from totelake.runtime.tls import with_local_bundle


def described_source(where: Target, schemas: Sequence[str]) -> tuple[DescribedTable, ...]:
    """Every table of these schemas of totesys as it is now. Raises SourceError when the server cannot be asked."""
    name = f"{where.prefix}/totesys"
    stored = json.loads(where.clients.secretsmanager.get_secret_value(SecretId=name)["SecretString"])
    secret = with_local_bundle(stored, name, where.clients.s3)
    with connect(SourceAddress.from_secret(secret, name)) as connection:
        return describe(Session(connection), schemas)
