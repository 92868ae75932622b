"""Examples of every command, which its --help shows."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import typer

from totelake.cli.exit_status import MEANINGS

EXAMPLES: dict[str, tuple[str, ...]] = {
    "totelake": (
        "totelake up",
        "totelake seed --orders 200",
        "totelake deploy",
        "totelake run --wait",
        "totelake query --name revenue_by_month",
    ),
    "totelake up": ("totelake up", "totelake up --postgres-port 5433 --json"),
    "totelake down": ("totelake down",),
    "totelake status": ("totelake status", "totelake status --json"),
    "totelake doctor": ("totelake doctor", "totelake doctor --target aws --json"),
    "totelake canary": ("totelake canary", "totelake canary --target aws --json"),
    "totelake env": ('eval "$(totelake env)"', "totelake env --json"),
    "totelake seed": ("totelake seed --orders 2000 --days 90", "totelake seed --from folder-of-csv-files"),
    "totelake simulate": ("totelake simulate --days 2", "totelake simulate --rate 5 --seed 7"),
    "totelake deploy": ("totelake deploy", "totelake deploy --activate-schedule --target aws"),
    "totelake run": ("totelake run --wait", "totelake run --allow-deletes payment --wait"),
    "totelake backfill": ("totelake backfill payment --wait",),
    "totelake rebuild": ("totelake rebuild fact_sales_order --wait", "totelake rebuild dim_staff fact_payment"),
    "totelake runs": ("totelake runs", "totelake runs --limit 3 --json"),
    "totelake logs": ("totelake logs", "totelake logs wr_01234567 --job check-schemas"),
    "totelake query": (
        'totelake query "SELECT count(*) FROM current_sales_order"',
        "totelake query --name top_designs --on warehouse --json",
        'totelake query "-- a comment may come first: SQL has a space in it, an option has none"',
        'totelake query --json -- "-- or anything behind --"',
    ),
    "totelake dashboard": (
        "totelake dashboard --open",
        "totelake dashboard business --output sales.html --since 2024-01-01",
        "totelake dashboard --watch 30",
        "totelake dashboard --on lake --target aws",
    ),
    "totelake docs": ("totelake docs --open", "totelake docs --versions --output dictionary"),
    "totelake monitor": ("totelake monitor --open", "totelake monitor --once --output runs.html"),
    "totelake reconcile": ("totelake reconcile", "totelake reconcile --json"),
    "totelake drift": ("totelake drift", "totelake drift staff --against source"),
    "totelake impact": ("totelake impact sales_order.units_sold", "totelake impact dim_staff --json"),
    "totelake alerts": ("totelake alerts --limit 5",),
    "totelake cost": (
        "totelake cost --cadence 10m --changes-per-day 20",
        "totelake cost --measured --network private-nat",
    ),
    "totelake bookmark": ("totelake bookmark show",),
    "totelake bookmark show": ("totelake bookmark show", "totelake bookmark show --json"),
    "totelake bookmark history": ("totelake bookmark history --limit 3",),
    "totelake bookmark set": ("totelake bookmark set 12",),
    "totelake bookmark rewind": ("totelake bookmark rewind --batches 2",),
    "totelake bookmark reset": ("totelake bookmark reset",),
    "totelake contract": ("totelake contract new refund",),
    "totelake contract new": (
        "totelake contract new refund",
        "totelake contract new sales.refund --output refund.yaml",
    ),
    "totelake quarantine": ("totelake quarantine list --status open",),
    "totelake quarantine list": ("totelake quarantine list --table fact_payment --status open",),
    "totelake quarantine show": ("totelake quarantine show fact_payment 42",),
    "totelake quarantine replay": ("totelake quarantine replay --wait",),
    "totelake repair": ("totelake repair catalog",),
    "totelake repair catalog": ("totelake repair catalog --target aws",),
    "totelake source": ("totelake source list",),
    "totelake source add": (
        'totelake source add crm --dsn "$CRM_DSN" --exclude "tmp_*"',
        "totelake source add crm --update --target aws",
    ),
    "totelake source check": ("totelake source check crm", 'totelake source check crm --dsn "$CRM_DSN" --json'),
    "totelake source list": ("totelake source list --json",),
}


def show_examples(app: typer.Typer) -> None:
    """Let every help end in examples, and that of the program in the exit statuses, too."""
    statuses = [f"{status:>3}  {meaning}" for status, meaning in MEANINGS.items()]
    app.info.epilog = f"{_lines('Examples', EXAMPLES['totelake'])}\n\n{_lines('Exit status', statuses)}"
    _show(app, "totelake")


def _show(app: typer.Typer, path: str) -> None:
    for command in app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "")
        command.epilog = _lines("Examples", EXAMPLES[f"{path} {name}"])
        # the list of commands would cut it off
        command.short_help = command.help or inspect.getdoc(command.callback)
    for group in app.registered_groups:
        inner: Any = group.typer_instance
        inner.info.epilog = _lines("Examples", EXAMPLES[f"{path} {group.name}"])
        _show(inner, f"{path} {group.name}")


def _lines(title: str, lines: Sequence[str]) -> str:
    r"""A paragraph whose lines stay as they are, which is what `\b` says."""
    return "\n".join(("\b", f"{title}:", *(f"  {line}" for line in lines)))
