"""What a running stack consists of, as it is kept in `<home>/stack.json`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from localgate.keys import Keys
from totelake.errors import ConfigurationError
from totelake.stack.private_files import write_private

HOST = "127.0.0.1"
REGION = "eu-west-2"
READER, LOADER, ADMIN = "totelake_reader", "totelake_loader", "totelake_admin"
WAREHOUSE = "warehouse"
STATE_FILE, SPARK_FILE = "stack.json", "spark-defaults.conf"
_EMPTY = ""
# what the names of a deployment on one machine begin with
PREFIX = "totelake"
POSTGRES, MOTO, LOCALGLUE, LOCALATHENA = "postgres", "moto", "localglue", "localathena"
# each part in the order in which it starts
PARTS = (POSTGRES, MOTO, LOCALGLUE, LOCALATHENA)
ALERTS = "totelake-alerts"
DEAD_LETTERS = "totelake-dead-letters"
OUTBOX = "outbox"
# what `totelake query` keeps of the lake
QUERY = "query"
# how many processes of Spark wait for the next run where nobody says otherwise
STANDBYS = 1


def __getattr__(name: str) -> str:
    """`TOTESYS`, the source that `totelake seed` fills, for scripts that ask a stack for its secret.

    Every command imports this module, and importing the seed takes longer than all the rest of it.
    """
    if name != "TOTESYS":
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from totelake.seed import SOURCE

    return SOURCE


class DamagedRecordError(ConfigurationError):
    """The record of a stack cannot be understood."""


class ForeignRecordError(ConfigurationError):
    """The record is of a stack that was started in another folder."""


@dataclass(frozen=True)
class Part:
    """One process of the stack; `started` tells it from a later process with the same id."""

    name: str
    pid: int
    started: float
    port: int


@dataclass(frozen=True)
class Stack:
    """A stack that was started. Passwords and access key are made for it alone; each of `sources` is a database."""

    home: str
    parts: Mapping[str, Part]
    passwords: Mapping[str, str] = field(repr=False)
    data: str = ""
    sources: tuple[str, ...] = ()
    ingestion_bucket: str = "totelake-ingestion"
    processed_bucket: str = "totelake-processed"
    artifacts_bucket: str = "totelake-artifacts"
    region: str = REGION
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)

    @property
    def identity(self) -> str:
        """What tells this stack from every other that was or will be started in the same folder."""
        return " ".join(f"{part.name}:{part.pid}:{part.started}" for part in self.parts.values())

    @property
    def keys(self) -> Keys:
        """The access key of all endpoints."""
        return Keys(self.access_key_id, self.secret_access_key)

    @property
    def postgres_port(self) -> int:
        """Where PostgreSQL listens."""
        return self.parts[POSTGRES].port

    @property
    def aws_endpoint(self) -> str:
        """The endpoint of every AWS service but Glue and Athena."""
        return f"http://{HOST}:{self.parts[MOTO].port}"

    @property
    def glue_endpoint(self) -> str:
        """The endpoint of AWS Glue."""
        return f"http://{HOST}:{self.parts[LOCALGLUE].port}"

    @property
    def athena_endpoint(self) -> str:
        """The endpoint of Amazon Athena."""
        return f"http://{HOST}:{self.parts[LOCALATHENA].port}"

    @property
    def alert_topic(self) -> str:
        """The SNS topic of the alerts, whose mails land in the outbox."""
        return f"arn:aws:sns:{self.region}:123456789012:{ALERTS}"

    @property
    def outbox(self) -> Path:
        """The folder of the mails, one file each."""
        return Path(self.home) / OUTBOX

    def dsn(self, role: str, database: str) -> str:
        """A connection URL."""
        return f"postgresql://{role}:{self.passwords[role]}@{HOST}:{self.postgres_port}/{database}"

    def source_dsn(self, source: str) -> str:
        """A source, by the role that may only read."""
        return self.dsn(READER, source)

    def source_admin_dsn(self, source: str) -> str:
        """A source, by its owner."""
        return self.dsn(ADMIN, source)

    @property
    def warehouse_dsn(self) -> str:
        """The warehouse, by the role that loads it."""
        return self.dsn(LOADER, WAREHOUSE)

    def secret(self, role: str, database: str) -> dict[str, Any]:
        """The content of a secret with which jobs connect."""
        return {
            "host": HOST,
            "port": self.postgres_port,
            "dbname": database,
            "username": role,
            "password": self.passwords[role],
        }

    def environment(self) -> dict[str, str]:
        """The variables with which any AWS tool and any PostgreSQL client finds the stack."""
        addresses = {f"{name.upper()}_DSN": self.source_dsn(name) for name in self.sources}
        owners = {f"{name.upper()}_ADMIN_DSN": self.source_admin_dsn(name) for name in self.sources}
        return {
            **addresses,
            **owners,
            "WAREHOUSE_DSN": self.warehouse_dsn,
            "AWS_ENDPOINT_URL": self.aws_endpoint,
            "AWS_ENDPOINT_URL_GLUE": self.glue_endpoint,
            "AWS_ENDPOINT_URL_ATHENA": self.athena_endpoint,
            **self.keys.environment(),
            "AWS_SESSION_TOKEN": _EMPTY,  # the user's own is none of this stack's
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "TOTELAKE_INGESTION_BUCKET": self.ingestion_bucket,
            "TOTELAKE_PROCESSED_BUCKET": self.processed_bucket,
            "TOTELAKE_ARTIFACTS_BUCKET": self.artifacts_bucket,
            "TOTELAKE_ALERT_TOPIC": self.alert_topic,
        }

    def save(self) -> None:
        """Write the state file, readable by its owner only."""
        write_private(Path(self.home) / STATE_FILE, json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, home: Path) -> Stack | None:
        """The stack that was started under that folder; None when none was.

        Raises DamagedRecordError when its record is no record, ForeignRecordError when it was copied or moved there.
        """
        path = home / STATE_FILE
        if not path.is_file():
            return None
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            document["parts"] = {name: _part(**document["parts"][name]) for name in PARTS}
            document["sources"] = tuple(_text(name) for name in document.get("sources", ()))
            document["passwords"] = {_text(role): _text(word) for role, word in document["passwords"].items()}
            found = cls(**document)
            for value in (found.home, found.data, found.region, found.access_key_id, found.secret_access_key):
                _text(value)
        except (ValueError, LookupError, TypeError, AttributeError):
            raise DamagedRecordError(
                f"{path} is damaged; run `totelake down`, which ends the stack and removes its data, then `totelake up`"
            ) from None
        if Path(found.home) != home.resolve():
            raise ForeignRecordError(
                f"{path} is of the stack of {found.home}; end that with TOTELAKE_HOME={found.home}, "
                f"and remove {path} or name another folder in TOTELAKE_HOME"
            )
        return found


def _part(name: str, pid: int, started: float, port: int) -> Part:
    """A part as it was written. Raises TypeError or ValueError when it was not."""
    if not (type(pid) is type(port) is int and type(started) in (int, float)):
        raise TypeError
    if pid < 1 or not 0 <= port < 1 << 16:
        raise ValueError
    return Part(_text(name), pid, started, port)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def default_home() -> Path:
    """The state folder: TOTELAKE_HOME, else `.totelake` in the current folder."""
    return Path(os.environ.get("TOTELAKE_HOME") or ".totelake").resolve()


def has_record(home: Path) -> bool:
    """Whether a stack was started under that folder and not ended."""
    return (home / STATE_FILE).is_file()
