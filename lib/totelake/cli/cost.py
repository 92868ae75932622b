"""cost: what a month costs on AWS."""

from __future__ import annotations

from dataclasses import asdict
from enum import Enum
from typing import Annotated

import typer

from totelake.cli.output import AsJson, TargetName, print_json, say, table
from totelake.contracts.documents import documents
from totelake.contracts.pipeline import FUSED, SPLIT, pipeline_of
from totelake.deploy.target import LOCAL, Target
from totelake.operate import cost as reckoning
from totelake.operate.cadence import minutes
from totelake.operate.job_runs import seconds_of
from totelake.operate.prices import Prices
from totelake.stack.model import default_home


class Network(str, Enum):
    """How jobs reach what they need."""

    PUBLIC = reckoning.PUBLIC
    ENDPOINTS = reckoning.ENDPOINTS
    NAT = reckoning.NAT


class Publish(str, Enum):
    """How builders and load run."""

    SPLIT = SPLIT
    FUSED = FUSED


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(cost)


def cost(
    cadence: Annotated[str, typer.Option(help="Between two looks of watch: 10m, 1h.")] = "10m",
    changes_per_day: Annotated[int, typer.Option(min=0, help="Changes in a source, each in a look of its own.")] = 20,
    network: Annotated[Network, typer.Option(help="Public, or private with interface endpoints or NAT.")] = (
        Network.PUBLIC
    ),
    rds: Annotated[bool, typer.Option("--rds", help="With the warehouse on RDS.")] = False,
    glue_version: Annotated[str, typer.Option(help="Of the Spark jobs, else as in catalog/pipeline.yaml.")] = "",
    flex: Annotated[bool, typer.Option("--flex", help="Spark jobs in the execution class FLEX.")] = False,
    publish: Annotated[Publish | None, typer.Option(help="Builders and load apart, or in one Spark session.")] = None,
    region: Annotated[str, typer.Option(help="Whose prices.")] = "eu-west-2",
    measured: Annotated[bool, typer.Option("--measured", help="Seconds from the target's run history.")] = False,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """What a month costs on AWS by part, against crawling and running Spark in every cycle."""
    files = documents()
    prices = Prices.of(files["prices.yaml"], region)
    pipeline = pipeline_of(files, publish.value if publish else "")
    ways = {way: pipeline_of(files, way) for way in (SPLIT, FUSED)}
    seconds = {}
    if measured:
        where = Target.named(target, default_home())
        names = dict.fromkeys(name for way in (pipeline, *ways.values()) for name in way["jobs"])
        found = {name: seconds_of(where.clients.glue, f"{where.prefix}-{name}") for name in names}
        seconds = {name: mean for name, mean in found.items() if mean}
    usage = reckoning.Usage(
        minutes(cadence), changes_per_day, network.value, rds, glue_version, flex, seconds
    )  # fmt: skip
    lines = reckoning.month(pipeline, prices, usage)
    ours, naive = reckoning.total(lines), sum(line.naive_usd for line in lines)
    choices = reckoning.choices(ways, pipeline, prices, usage)
    if as_json:
        document = {"usage": asdict(usage), "region": region, "prices_of": prices.oldest}
        parts = {"lines": [asdict(line) for line in lines], "usd": ours, "naive_usd": naive, "choices": choices}
        print_json({**document, **parts})
        return
    rows = [(line.part, line.basis, _usd(line.usd), _usd(line.naive_usd)) for line in lines]
    rows.append(("total", "", f"{ours:,.2f}", f"{naive:,.2f}"))
    table(f"USD a month in {region}", ("part", "reckoned with", "totelake", "naive"), rows)
    table("the same month otherwise", ("with", "totelake"), [(name, f"{usd:,.2f}") for name, usd in choices.items()])
    say(
        f"list prices of {prices.oldest} or later, see catalog/prices.yaml; "
        f"{_of_seconds(reckoning.unmeasured(pipeline, usage), measured)}; what is free of metrics, alarms and logs is "
        "the account's, and taken as unused by others"
    )


def _of_seconds(assumed: list[str], is_measured: bool) -> str:
    """Where the seconds of the runs are from."""
    if not is_measured:
        return "assumed seconds, see --measured"
    return "seconds from the run history" + (f", but assumed for {', '.join(assumed)}" if assumed else "")


def _usd(amount: float) -> str:
    return f"{amount:,.2f}" if amount else ""
