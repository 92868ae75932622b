"""Who may open files that somebody else may have written: parquet, Arrow's, and whatever Spark infers a schema of."""

from __future__ import annotations

import ast

from tests.modules import Module, module_at, modules
from tests.unit.test_layers import LOCAL_PACKAGES, SCRIPTS, importers

# what reads files that may hold types of Arrow's, or wraps it
READERS = (
    "pyarrow.parquet", "pyarrow.ipc", "pyarrow.dataset", "pyarrow.feather", "pyarrow.orc", "pyarrow.flight",
    "pandas.read_parquet", "pandas.read_feather", "awswrangler",
)  # fmt: skip
PA_READERS = {f"pa.{name.rpartition('.')[2]}" for name in READERS if name.startswith("pyarrow.")}


def reads_files_itself(module: Module) -> list[str]:
    """The attributes of pyarrow by which a module would read files of Arrow's types by itself."""
    return [
        f"{module.name} has {ast.unparse(node)}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in PA_READERS
    ]


def infers_a_schema(module: Module) -> list[str]:
    """Where a module lets Spark look for a file's schema: PySpark loads the Python classes that a footer names."""
    ways = ("read.parquet", "read.orc", "read.load", "read.table", "read.format")
    return [
        f"{module.name} has {ast.unparse(node)}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node).endswith(ways)
    ]


def test_spark_reads_no_file_without_a_schema() -> None:
    among = [*modules().values(), *(module_at(path) for path in SCRIPTS)]
    found = {sentence for module in among for sentence in infers_a_schema(module)}
    # the warm-up reads what it has just written
    assert found == {"totelake.stack.warm_up has spark.read.parquet"}


def test_parquet_and_arrow_files_are_read_in_one_place() -> None:
    among = [*modules().values(), *(module_at(path) for path in SCRIPTS)]
    found = {sentence.split()[0] for sentence in importers(among, *READERS)}
    assert found == {"totelake.runtime.parquet"}
    assert [sentence for module in among for sentence in reads_files_itself(module)] == []
    # localglue has a reader of footers, which refuses what would run code by itself; localathena reads ORC, which has
    # no types of Arrow's, and writes
    beside = [module for package in LOCAL_PACKAGES for module in modules(package).values()]
    assert {sentence.split()[0] for sentence in importers(beside, *READERS)} == {
        "localglue.footers",
        "localathena.lake.formats",
        "localathena.statements.storage",
    }
