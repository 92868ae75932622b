"""Which checks are made when: before `up` and a deployment those that are quick, for `totelake doctor` all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from totelake.contracts import Contracts, load_contracts
from totelake.doctor import account, environment, machine
from totelake.doctor.feed import examine_feed
from totelake.doctor.finding import Finding, NotCheckedError, examine
from totelake.doctor.source import look_at_source
from totelake.doctor.warehouse import look_at_warehouse
from totelake.feeds.looks import Place
from totelake.operate.deployed import deployed
from totelake.ports.postgres_address import PostgresAddress
from totelake.ports.s3 import S3Store
from totelake.runtime import moments
from totelake.runtime.clients import Clients
from totelake.runtime.job import read_address
from totelake.runtime.outcome import OK, Result, ok
from totelake.stack import lifecycle
from totelake.stack.clean_environment import user_environment
from totelake.stack.model import WAREHOUSE, Stack

STACK = "stack"
_FROM_ELSEWHERE = (", or ask where the jobs run if this machine is not meant to reach it", "")
_BUCKETS = ("`make deploy`, or correct the variables TOTELAKE_*_BUCKET", "`totelake down`, then `totelake up`")


class Deployment(account.Place, Protocol):
    """A deployment with the beginning of its names."""

    @property
    def prefix(self) -> str:
        """What the names of jobs and secrets begin with."""


def before_up(home: Path) -> list[Finding]:
    """Machine and environment, for a stack in that folder."""
    return machine.before_up(home) + environment.of_machine(user_environment(), _user_home(), None)


def before_deploy(place: Deployment, is_aws: bool) -> list[Finding]:
    """What building a release needs, and who takes it: on one machine the warehouse, else the account."""
    if is_aws:
        return before_make_deploy(place.clients)
    return machine.before_deploy() + look_at_warehouse(_secret(place, WAREHOUSE), load_contracts())


def before_make_deploy(clients: Clients, may_be_here: bool = True) -> list[Finding]:
    """What building a release needs, the environment, and whether the account lets us in.

    Unless it may be here, an account whose endpoint is this machine is a problem.
    """
    found = environment.of_account(os.environ, may_be_here)
    return [*machine.before_deploy(), *found, *account.of_user(clients)]


def of_machine(home: Path) -> tuple[list[Finding], bool]:
    """Machine, environment and the stack's parts; and whether there is a stack whose inside can be looked at."""
    found = examine(STACK, (("parts", partial(parts, home)),))
    is_up = all(finding.outcome == OK for finding in found)
    stack = Stack.read(home) if is_up else None
    variables = None if stack is None else stack.environment()
    return [
        *machine.before_up(home),
        *environment.of_machine(user_environment(), _user_home(), variables),
        *found,
    ], is_up


def parts(home: Path) -> Iterator[Result]:
    """Whether every part of the stack answers. Raises NotCheckedError without a stack."""
    stack = Stack.read(home)
    if stack is None:
        raise NotCheckedError(
            f"no stack is up in {home}, so its sources, warehouse, buckets and jobs were not looked at; `totelake up` "
            "starts one, TOTELAKE_HOME names the folder of another, and --target aws looks at an account"
        )
    lifecycle.refuse_half(stack, lifecycle.status_of(stack))
    yield ok(f"{', '.join(stack.parts)} answer")


def of_deployment(place: Deployment, contracts: Contracts, sources: Sequence[str], is_aws: bool) -> Iterator[Finding]:
    """Sources, warehouse, buckets and jobs."""
    more, remedy = (texts[0 if is_aws else 1] for texts in (_FROM_ELSEWHERE, _BUCKETS))
    for name in sources:
        source, tables = contracts.source(name), contracts.source_tables(name)
        if source.is_database:
            read = partial(read_address, place.clients, source.secret_name(place.prefix))
            yield from look_at_source(name, read, tables, more)
        else:
            yield from examine_feed(_looked_from(place), source, tables)
    yield from look_at_warehouse(_secret(place, WAREHOUSE), contracts, more)
    jobs = deployed(contracts.pipeline, place.prefix).jobs
    yield from account.look_at_account(place, jobs, remedy)


def _looked_from(place: Deployment) -> Place:
    return Place(place.clients, S3Store(place.clients.s3, place.ingestion_bucket), place.prefix, moments.now())


def _secret(place: Deployment, name: str) -> Callable[[], PostgresAddress]:
    return partial(read_address, place.clients, f"{place.prefix}/{name}", "the warehouse")


def _user_home() -> Path:
    return Path(os.path.expanduser("~"))
