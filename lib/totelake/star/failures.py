"""Failures of a build: what is wrong with one star table, which is held, and what is wrong around it, which ends the
run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from totelake.contracts.model import Table
from totelake.errors import DamagedError, LakeError, RetriableError, SchemaMismatchError, StarTableError, TotelakeError
from totelake.runtime.java_exceptions import is_of_surroundings, java_exception, may_pass

_MOST_WORDS = 60
# what Python says of values and names that a table's contract or data brought; files, memory and AWS have others
_OF_THE_TABLE = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@contextmanager
def explaining(table: Table) -> Iterator[None]:
    """Turn a failure inside the block into one sentence.

    Raises StarTableError for what is wrong with the table or its objects. For what Spark says of its surroundings
    RetriableError where that may pass, else LakeError. Other errors of ours and of AWS pass: they are of the
    surroundings, too.
    """
    try:
        yield
    except (SchemaMismatchError, DamagedError) as error:
        raise StarTableError(str(error)) from error
    except (PySparkException, Py4JJavaError) as error:
        raise explained(table.name, error) from error
    except _OF_THE_TABLE as error:
        raise StarTableError(_sentence(table.name, f"{type(error).__name__}: {error}")) from error


def explained(table: str, error: Exception) -> TotelakeError:
    """A failure of Spark as one sentence, in its own words."""
    exception, words = java_exception(error), _words(str(error))
    if not is_of_surroundings(exception):
        return StarTableError(_sentence(table, words))
    if may_pass(exception):
        return RetriableError(_sentence(table, words, "see what this names, and run the job again"))
    return LakeError(_sentence(table, words))


def _words(text: str) -> str:
    causes = [line.strip() for line in text.splitlines() if line.strip().startswith("Caused by: ")]
    lines = text.strip().splitlines() or ["no message"]
    return causes[-1][len("Caused by: ") :] if causes else lines[0]


def _sentence(table: str, said: str, remedy: str = "correct what this names") -> str:
    words = " ".join(said.split()[:_MOST_WORDS])
    return f"{table} could not be built: {words}; {remedy} (--verbose shows all)"
