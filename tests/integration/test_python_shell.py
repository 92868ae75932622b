"""What runs in Python-shell jobs passes its tests on the interpreter and the packages that AWS Glue gives them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SOURCE
from totelake.deploy.release import build
from totelake.schemas.impact import impact_of
from totelake.stack.python_shell import find_python_shell

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]
TESTS = (
    "tests/unit/alerts",
    "tests/unit/canary/test_flight.py",
    "tests/unit/canary/test_job.py",
    "tests/unit/canary/test_looks.py",
    "tests/unit/capture",
    "tests/unit/contracts",
    "tests/unit/feeds",
    "tests/unit/lake/test_commits.py",
    "tests/unit/lake/records",
    "tests/unit/lake/test_manifest.py",
    "tests/unit/lake/test_milestones.py",
    "tests/unit/operate/maintain",
    "tests/unit/operate/test_backoff.py",
    "tests/unit/operate/test_watch.py",
    "tests/unit/ports/test_aws_causes.py",
    "tests/unit/registry",
    "tests/unit/runtime",
    "tests/unit/schemas",
)
_VERSIONS = "import boto3, botocore, numpy, pandas, psycopg2, pyarrow, sys; print(sys.version_info[:2]); " + "; ".join(
    f"print({name}.__version__.split()[0])" for name in ("boto3", "botocore", "numpy", "pandas", "psycopg2", "pyarrow")
)


@pytest.fixture(scope="module")
def python39() -> Path:
    """The Python 3.9 of Python-shell jobs; the tests are skipped where there is none."""
    python = find_python_shell()
    if str(python) == sys.executable:
        pytest.skip("there is no Python 3.9 with Glue's analytics set; name one with PYTHON39= and run `make install`")
    return python


def test_the_packages_are_those_of_glue(python39: Path) -> None:
    said = subprocess.run([str(python39), "-c", _VERSIONS], capture_output=True, text=True, check=True)
    pins = dict(re.findall(r"^(\S+)==(\S+)", (ROOT / "constraints" / "pyshell.txt").read_text(), re.MULTILINE))
    wanted = [pins[name] for name in ("boto3", "botocore", "numpy", "pandas", "psycopg2-binary", "pyarrow")]
    assert said.stdout.split("\n")[:-1] == ["(3, 9)", *wanted]


def test_the_tests_pass_on_it(python39: Path) -> None:
    done = subprocess.run(
        [str(python39), "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", *TESTS],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "lib"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert re.search(r"\d{3} passed", done.stdout)


def test_the_wheel_tells_what_a_change_reaches_without_parsers_of_sql_and_yaml(python39: Path, tmp_path: Path) -> None:
    release = build(ROOT)
    wheel = tmp_path / release.wheel
    wheel.write_bytes(release.files[release.wheel])
    words = "from totelake.schemas.impact import impact_of; print(impact_of('design', 'design_name'))"
    done = subprocess.run(
        [str(python39), "-c", words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
        check=False,
    )
    # as where the parsers are, which the wheel's own file of queries and tiles was made with
    assert done.stdout == f"{impact_of('design', 'design_name')}\n", done.stderr
    told = f"{SOURCE}.design.design_name is used by dim_design.design_name; queries order_history, "
    assert done.stdout.startswith(told) and "business: Top designs" in done.stdout
