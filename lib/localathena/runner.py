"""Carries statements out, a few at a time; the others wait their turn."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import duckdb

from localapi.errors import ApiError
from localathena.clients import Clients
from localathena.errors import failure, internal_failure
from localathena.execution import FAILED, SUCCEEDED, Execution
from localathena.lake.catalog import Lake
from localathena.lake.objects import Objects
from localathena.saved import Saved
from localathena.settings import Settings
from localathena.sql.refusals import Refused, refusal_of
from localathena.statements import definitions, inserting, parsed, queries, shown
from localathena.statements.work import Stopped, Work

_LOG = logging.getLogger(__name__)
_CARRIED_OUT: Mapping[type[parsed.Statement], Callable[[Work, Any], None]] = {
    parsed.Select: queries.select,
    parsed.Ctas: queries.create_table_as,
    parsed.Insert: inserting.insert,
    parsed.Unload: queries.unload,
    parsed.CreateView: definitions.create_view,
    parsed.CreateTable: definitions.create_table,
    parsed.CreateDatabase: definitions.create_database,
    parsed.Drop: definitions.drop,
    parsed.AlterTable: definitions.alter_table,
    parsed.Repair: definitions.repair,
    parsed.Show: shown.show,
}
# what can be stopped until it has its rows
_ROWS = (parsed.Select, parsed.Ctas, parsed.Insert, parsed.Unload, parsed.Show)


class Runner:
    """Threads that carry statements out."""

    def __init__(self, settings: Settings, clients: Clients, saved: Saved) -> None:
        self._settings, self._clients, self._saved = settings, clients, saved
        self._objects = Objects(clients.s3, settings.state / "objects", settings.kept_objects)
        self._pool = ThreadPoolExecutor(settings.at_once, thread_name_prefix="statement")

    def submit(self, execution: Execution, statement: parsed.Statement) -> None:
        """Carry a statement out when its turn comes."""
        self._pool.submit(self._run, execution, statement)

    def _run(self, execution: Execution, statement: parsed.Statement) -> None:
        if not execution.begin():
            execution.finished.set()
            return
        try:
            self._carry_out(execution, statement)
        except Stopped:
            pass  # it has been noted as CANCELLED by who stopped it
        except Refused as refused:
            self._fail(execution, refused)
        except duckdb.Error as error:
            self._fail(execution, refusal_of(str(error)))
        except ApiError as error:
            execution.end(FAILED, error.message, failure("", error.message))
        except Exception as error:  # noqa: BLE001 - whatever it is, the execution must end, and say why
            _LOG.exception("the statement %s failed", execution.id)
            said = f"INTERNAL_ERROR_QUERY_ENGINE: localathena itself failed: {type(error).__name__}: {error}"
            execution.end(FAILED, said, internal_failure(said))
        else:
            execution.end(SUCCEEDED)
        finally:
            execution.finished.set()

    def _carry_out(self, execution: Execution, statement: parsed.Statement) -> None:
        lake = Lake(self._clients.glue, execution.database)
        work = Work(execution, self._settings, self._clients, self._objects, lake)
        work.check_output()
        if type(statement) not in _ROWS:
            work.settle()
        if isinstance(statement, parsed.Prepare):
            request = {"WorkGroup": execution.workgroup, "StatementName": statement.name}
            self._saved.create_prepared({**request, "QueryStatement": statement.query})
            work.show([], [])
        elif isinstance(statement, parsed.Deallocate):
            self._saved.delete_prepared({"WorkGroup": execution.workgroup, "StatementName": statement.name})
            work.show([], [])
        else:
            _CARRIED_OUT[type(statement)](work, statement)

    @staticmethod
    def _fail(execution: Execution, refused: Refused) -> None:
        said = f"{refused.kind}: {refused.sentence}"
        execution.end(FAILED, said, failure(refused.kind, said))

    def close(self) -> None:
        """Begin nothing more; what runs is stopped by who has its execution."""
        self._pool.shutdown(wait=True, cancel_futures=True)
