"""One pipeline that the tests of faults share as long as each of them leaves it sound, and fresh ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Postgres
from tests.faults.drifting import DriftingWorld
from tests.faults.world import World
from totelake.contracts import load_contracts

SOAK = int(os.environ.get("TOTELAKE_SOAK_SEEDS", "0"))
Fresh = Callable[..., World]
Drifting = Callable[[], DriftingWorld]


@pytest.fixture(scope="session")
def fresh(
    postgres: Postgres,
    moto_endpoint: str,
    localglue_endpoint: str,
    spark: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Fresh:
    """Makes pipelines over a small generated source, with nothing run yet. Spark is the process's own session."""

    def make(orders: int = 40) -> World:
        return World(postgres, moto_endpoint, localglue_endpoint, tmp_path_factory.mktemp("world"), orders)

    return make


@pytest.fixture(scope="session")
def _shared() -> list[World]:
    return []


@pytest.fixture
def world(fresh: Fresh, _shared: list[World]) -> Iterator[World]:
    """A pipeline whose first batches are loaded; the one of the test before when that left it as it must be."""
    if not (_shared and _shared[0].is_sound):
        _shared[:] = [fresh()]
        assert _shared[0].settle() == {}
    _shared[0].is_sound = False
    yield _shared[0]


@pytest.fixture(scope="module")
def drifting(
    postgres: Postgres,
    moto_endpoint: str,
    localglue_endpoint: str,
    spark: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Drifting]:
    """Makes pipelines with nothing run yet, whose contracts can be mended; after a file they are as released."""
    with pytest.MonkeyPatch.context() as patch:

        def make() -> DriftingWorld:
            folder = tmp_path_factory.mktemp("drift")
            return DriftingWorld(postgres, moto_endpoint, localglue_endpoint, folder, 30, patch=patch)

        yield make
    load_contracts.cache_clear()


def soak_seeds(normal: int) -> range:
    """The seeds to play: as many as `make soak` asks for, else those of the normal suite."""
    return range(SOAK or normal)


@pytest.fixture(scope="session")
def soak() -> int:
    """How many seeds `make soak` asks for; 0 in the normal suite, which takes samples."""
    return SOAK


@pytest.fixture(autouse=True)
def _no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the AWS SDK retries it retries at once."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)


@pytest.fixture(autouse=True)
def _busy(busy_server: None) -> None:
    """Tests here count batches."""


@pytest.fixture
def root() -> Path:
    """The project's folder."""
    return Path(__file__).resolve().parents[2]
