"""Who may import what: the lines that keep jobs small, Python 3.9 possible and localglue apart."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

LIB = ROOT / "lib"
# modules of Spark jobs, and of the command line, inside packages that Python-shell jobs share
SPARK_MODULES = {Path("totelake/runtime/spark.py")}
SHELL_SCRIPTS = ("audit_catalog.py", "check_schemas.py", "ingest_totesys.py", "maintain_lake.py", "watch.py")
SHELL_PACKAGES = ("capture", "lake", "operate", "alerts", "schemas", "registry", "contracts", "runtime")


def modules(package: str) -> list[Path]:
    """The package's modules, relative to lib/."""
    return sorted(path.relative_to(LIB) for path in (LIB / package).rglob("*.py"))


@cache
def statements(module: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Every import statement anywhere in the file, functions included."""
    tree = ast.parse((LIB / module).read_text(encoding="utf-8"))
    return tuple(node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)))


def imports(module: Path) -> Iterator[str]:
    """Every module that is imported anywhere in the file."""
    for node in statements(module):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        else:
            yield node.module or ""


def test_the_packages_are_there() -> None:
    assert [package for package in SHELL_PACKAGES if not modules(f"totelake/{package}")] == []


def offenders(package: str, *forbidden: str) -> list[str]:
    """Modules of a package that import what they may not."""
    return [
        f"{module} imports {name}"
        for module in modules(package)
        if module not in SPARK_MODULES
        for name in imports(module)
        if any(name == banned or name.startswith(f"{banned}.") for banned in forbidden)
    ]


def reachable(script: Path) -> set[Path]:
    """Our modules that a script imports, directly or through others."""
    found: set[Path] = set()
    todo = list(imports(script))
    while todo:
        path = Path(todo.pop().replace(".", "/"))
        for module in (path.with_suffix(".py"), path / "__init__.py", path.parent / "__init__.py"):
            if module not in found and module.parts[:1] == ("totelake",) and (LIB / module).is_file():
                found.add(module)
                todo += list(imported(module))
    return found


def imported(module: Path) -> Iterator[str]:
    """As `imports`, and what is named in `from package import module`."""
    for node in statements(module):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)
    yield from imports(module)


@pytest.mark.parametrize("script", SHELL_SCRIPTS)
def test_no_python_shell_job_reaches_spark(script: str) -> None:
    modules = reachable(ROOT / "glue_jobs" / script)
    assert len(modules) > 20
    spark = [module for module in modules if {"pyspark", "py4j"} & {name.split(".")[0] for name in imports(module)}]
    assert spark == []


@pytest.mark.parametrize("package", [*SHELL_PACKAGES, "star", "warehouse"])
def test_no_local_stack_in_what_jobs_run(package: str) -> None:
    local = ("totelake.stack", "totelake.seed", "totelake.cli", "totelake.deploy", "totelake.demo", "totelake.query")
    assert offenders(f"totelake/{package}", *local, "moto", "duckdb", "typer", "rich") == []


def test_builders_of_the_star_talk_to_no_aws_service() -> None:
    assert offenders("totelake/star", "boto3", "botocore") == []


def test_only_the_runtime_imports_awsglue() -> None:
    found = [
        module for module in modules("totelake") if any(name.split(".")[0] == "awsglue" for name in imports(module))
    ]
    assert found == [Path("totelake/runtime/spark.py")]


def test_localglue_and_totelake_do_not_know_each_other() -> None:
    assert offenders("localglue", "totelake") == []
    assert offenders("totelake", "localglue") == []


def test_job_scripts_import_their_work_and_the_runtime_only() -> None:
    for path in sorted((ROOT / "glue_jobs").glob("*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 40, path.name
        names = {name.split(".")[0] for name in imports(path)}
        assert names == {"totelake"}, path.name


def test_python_shell_code_is_written_for_python_3_9() -> None:
    for package in SHELL_PACKAGES:
        for module in modules(f"totelake/{package}"):
            text = (LIB / module).read_text(encoding="utf-8")
            tree = ast.parse(text, feature_version=(3, 9))
            annotated = [node for node in ast.walk(tree) if isinstance(node, (ast.AnnAssign, ast.arg))]
            future = "from __future__ import annotations" in text
            assert future or not annotated, f"{module} has annotations that Python 3.9 would evaluate"
