"""Who may import what: the order of the layers, and the lines that keep jobs small and Python 3.9 possible."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.modules import LIB, Module, circle, missing, module_at, modules, ours

# a package imports from itself and from those above it; packages of one line do not import each other; "" is totelake
LAYERS = (
    ("",),
    ("errors",),
    ("contracts",),
    ("ports",),
    ("runtime",),
    ("schemas",),
    ("lake",),
    ("alerts",),
    ("capture", "registry", "star"),
    ("feeds",),
    ("warehouse",),
    ("operate",),
    ("canary",),
    ("roles", "seed", "sources"),
    ("stack",),
    ("doctor",),
    ("deploy",),
    ("query",),
    ("pages",),
    ("dashboard",),
    ("monitor",),
    ("dictionary",),
    ("cli",),
    ("demo",),
)
LAYER = {package: number for number, packages in enumerate(LAYERS) for package in packages}
# what stands beside totelake, for one machine alone
LOCAL_PACKAGES = ("localglue", "localgate", "localapi", "localathena", "localglue_awsglue")
# what jobs are made of; the packages below run on a person's machine
JOB_PACKAGES = tuple(package for packages in LAYERS[1:13] for package in packages)
SPARK_PACKAGES = ("star", "warehouse")
SHELL_PACKAGES = tuple(package for package in JOB_PACKAGES if package not in SPARK_PACKAGES)
SHELL_SCRIPTS = (
    "audit_catalog.py", "canary_shell.py", "check_schemas.py", "ingest.py", "ingest_files.py", "ingest_rates.py",
    "maintain_lake.py", "watch.py",
)  # fmt: skip
# the one module of Spark inside a package that Python-shell jobs share
SPARK_MODULE = "totelake.runtime.spark"
# what neither Glue's Python shell nor its Spark brings
PERSONS_TOOLS = ("moto", "duckdb", "typer", "rich")
# where a server is made for a test or a demo, before there is an address with a secret
SERVER_SETUP = ("totelake.stack.postgres",)
SCRIPTS = sorted((ROOT / "glue_jobs").glob("*.py"))
MOST_LINES, LONGEST_FUNCTION, LONGEST_SCRIPT = 300, 60, 40


def every_module() -> list[Module]:
    """The modules of lib/."""
    return [module for package in ("totelake", *LOCAL_PACKAGES) for module in modules(package).values()]


def in_packages(*packages: str) -> list[Module]:
    """The modules of packages of totelake."""
    return [module for module in modules().values() if module.package in packages]


def importers(among: Iterable[Module], *forbidden: str) -> list[str]:
    """The modules that import what they may not, in a sentence each."""
    return [
        f"{module.name} imports {name}"
        for module in among
        for name in module.imports
        if any(f"{name}.".startswith(f"{banned}.") for banned in forbidden)
    ]


# the order


def test_every_package_has_its_layer() -> None:
    assert {module.package for module in modules().values()} == set(LAYER)


def test_a_module_imports_only_from_its_own_package_and_from_those_above() -> None:
    wrong = [
        f"{module.name} imports {target}"
        for module in modules().values()
        for target in ours(module, typing_too=True)
        if modules()[target].package != module.package and LAYER[modules()[target].package] >= LAYER[module.package]
    ]
    assert not wrong, "\n".join(wrong)


def test_no_modules_import_each_other_in_a_circle() -> None:
    found = circle({name: ours(module) for name, module in modules().items()})
    assert not found, " <- ".join(found)


def rooms_of(package: str) -> Mapping[str, set[str]]:
    """The import graph inside a package, a room (totelake.capture.detect) and a module beside rooms being one node."""
    root = f"totelake.{package}"
    graph: dict[str, set[str]] = {}

    def room(name: str) -> str:
        return ".".join(name.split(".")[:3])

    for name, module in modules(root).items():
        inside = {room(target) for target in ours(module) if target.startswith(f"{root}.")}
        graph.setdefault(room(name), set()).update(inside - {room(name)})
    return graph


@pytest.mark.parametrize("package", sorted(set(LAYER) - {""}))
def test_no_rooms_of_a_package_import_each_other_in_a_circle(package: str) -> None:
    found = circle({name: sorted(targets) for name, targets in rooms_of(package).items()})
    assert not found, " <- ".join(found)


def test_the_checks_see_a_circle() -> None:
    assert circle({"a": ["b"], "b": ["c"], "c": ["a"]}) != []
    assert circle({"a": ["b"], "b": ["c"]}) == []


def test_what_is_imported_is_there() -> None:
    scripts = [module_at(path) for path in SCRIPTS]
    wrong = {module.name: missing(module) for module in [*modules().values(), *scripts]}
    for package in LOCAL_PACKAGES:
        wrong.update({module.name: missing(module, package) for module in modules(package).values()})
    lost = [f"{name} imports {', '.join(names)}" for name, names in wrong.items() if names]
    assert not lost, "\n".join(lost)


def test_imports_are_absolute() -> None:
    assert importers(every_module(), "") == []


def test_localglue_and_totelake_do_not_know_each_other() -> None:
    assert importers(modules("localglue").values(), "totelake") == []
    assert importers(modules().values(), "localglue") == []


def test_the_gate_knows_nobody_and_of_totelake_only_the_stack_knows_it() -> None:
    assert importers(modules("localgate").values(), "totelake", "localglue") == []
    assert importers([module for module in modules().values() if module.package != "stack"], "localgate") == []


def test_what_serves_an_api_knows_the_gate_alone() -> None:
    assert importers(modules("localapi").values(), "totelake", "localglue", "localathena") == []
    assert importers(modules().values(), "localapi") == []


def test_localathena_knows_what_serves_it_and_of_totelake_only_query_knows_it() -> None:
    assert importers(modules("localathena").values(), "totelake", "localglue") == []
    assert importers([module for module in modules().values() if module.package != "query"], "localathena") == []


def test_the_awsglue_of_jobs_knows_nobody_and_its_arguments_need_no_spark() -> None:
    found = modules("localglue_awsglue")
    assert importers(found.values(), "totelake", "localglue", "localgate", "localathena") == []
    shell = [found[f"localglue_awsglue.awsglue.{name}"] for name in ("utils", "missing")]
    assert importers([*shell, found["localglue_awsglue.awsglue"]], "pyspark", "boto3", "botocore") == []
    assert all(module.is_shell_python for module in found.values())
    names = {name.partition(".")[2]: module for name, module in found.items()}
    graph = {
        name: {one.rpartition(".")[0] if one not in names else one for one in module.imports} & set(names) - {name}
        for name, module in names.items()
    }
    assert len(graph["awsglue.context"]) > 5
    assert circle({name: sorted(targets - {"awsglue"}) for name, targets in graph.items()}) == []


@pytest.mark.parametrize("package", LOCAL_PACKAGES)
def test_the_packages_beside_totelake_have_no_circle(package: str) -> None:
    assert circle({name: ours(module, package) for name, module in modules(package).items()}) == []


# what jobs reach


def reachable(script: Path) -> set[str]:
    """Our modules that a script imports, directly or through others; with each its packages, which are run too."""
    found: set[str] = set()
    todo = ours(module_at(script))
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += [*ours(modules()[name]), *filter(None, (name.rpartition(".")[0],))]
    return found


def test_the_scripts_of_python_shell_jobs_are_there() -> None:
    assert set(SHELL_SCRIPTS) <= {path.name for path in SCRIPTS}


@pytest.mark.parametrize("script", SHELL_SCRIPTS)
def test_no_python_shell_job_reaches_spark(script: str) -> None:
    found = reachable(ROOT / "glue_jobs" / script)
    assert len(found) > 20
    assert importers([modules()[name] for name in found], "pyspark", "py4j") == []


@pytest.mark.parametrize("package", JOB_PACKAGES)
def test_what_jobs_run_needs_no_tool_of_a_persons_machine(package: str) -> None:
    assert importers(in_packages(package), *PERSONS_TOOLS) == []


def test_only_the_runtime_imports_awsglue() -> None:
    assert {sentence.split()[0] for sentence in importers(modules().values(), "awsglue")} == {SPARK_MODULE}


def test_spark_is_imported_where_spark_jobs_are() -> None:
    found = {sentence.split()[0] for sentence in importers(in_packages(*SHELL_PACKAGES), "pyspark", "py4j")}
    assert found == {SPARK_MODULE}


@pytest.mark.parametrize("path", SCRIPTS, ids=[path.name for path in SCRIPTS])
def test_a_job_script_imports_its_work_and_the_runtime_only(path: Path) -> None:
    module = module_at(path)
    assert module.lines <= LONGEST_SCRIPT
    assert {name.split(".")[0] for name in module.imports} == {"totelake"}


def pitfalls(module: Module) -> Iterator[str]:
    """What Python 3.9 reads but refuses when it runs."""
    later = {"zip": {"strict"}, "dataclass": {"slots", "kw_only"}, "field": {"kw_only"}}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            yield from (f"{called}({item.arg}=)" for item in node.keywords if item.arg in later.get(called, set()))


def test_python_shell_code_is_written_for_python_3_9() -> None:
    for module in in_packages(*SHELL_PACKAGES):
        assert module.is_shell_python, f"{module.name} has syntax that Python 3.9 does not know"
        annotated = any(isinstance(node, (ast.AnnAssign, ast.arg)) for node in ast.walk(module.tree))
        future = "__future__.annotations" in module.imports
        assert future or not annotated, f"{module.name} has annotations that Python 3.9 would evaluate"
        assert list(pitfalls(module)) == [], module.name


# what is in one place


def test_builders_of_the_star_call_no_aws_service() -> None:
    assert importers(in_packages("star"), "boto3", "botocore") == []


def calls_of(module: Module, name: str) -> bool:
    """Whether a module calls a function by its full name."""
    return any(isinstance(node, ast.Call) and ast.unparse(node.func) == name for node in ast.walk(module.tree))


def test_connections_to_postgresql_are_opened_in_one_place() -> None:
    assert importers(modules().values(), "psycopg2.connect") == []
    found = {module.name for module in modules().values() if calls_of(module, "psycopg2.connect")}
    assert found - {*SERVER_SETUP, "totelake.ports.postgres"} == set(), sorted(found)
    assert "totelake.ports.postgres" in found


def test_only_the_seed_names_a_source() -> None:
    files = [path for path in (LIB / "totelake").rglob("*") if path.suffix in (".py", ".sql")]
    # the stack's constant is the seed's by another name
    texts = {path: path.read_text(encoding="utf-8").replace("TOTESYS", "").lower() for path in files}
    named = [path for path, text in texts.items() if "totesys" in f"{path.name} {text}"]
    names = sorted(path.relative_to(LIB).as_posix() for path in named)
    elsewhere = [name for name in names if not name.startswith("totelake/seed/")]
    assert not elsewhere, "\n".join(elsewhere)


# sizes


def test_files_and_functions_of_lib_are_short() -> None:
    long = [f"{module.name} has {module.lines} lines" for module in every_module() if module.lines > MOST_LINES]
    long += [
        f"{module.name}.{name} has {lines} lines"
        for module in every_module()
        for name, lines in module.functions
        if lines > LONGEST_FUNCTION
    ]
    assert not long, "\n".join(long)


def test_test_files_are_short() -> None:
    counted = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / "tests").rglob("*.py")}
    long = [f"{path.relative_to(ROOT)} has {lines} lines" for path, lines in counted.items() if lines > MOST_LINES]
    assert not long, "\n".join(long)
