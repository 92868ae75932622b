"""A stand-in for spark-submit and pyspark, by which a process of Spark is warm at once."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

# like spark-submit, a process of its own that waits for the script's, and sends the script's stderr to stdout
_SUBMIT = """
import os, subprocess, sys
script = next(position for position, word in enumerate(sys.argv) if position and word.endswith(".py"))
done = subprocess.run([sys.executable, *sys.argv[script:]], stderr=subprocess.STDOUT, env={**os.environ, "PYTHONPATH":
    os.pathsep.join(filter(None, [os.path.join(os.path.dirname(__file__), "modules"), os.environ.get("PYTHONPATH")]))})
sys.exit(done.returncode if done.returncode >= 0 else 1)
"""
_PYSPARK = "from unittest.mock import MagicMock\nSparkContext = MagicMock()\n"
_PYSPARK_SQL = """
import os, time
from unittest.mock import MagicMock
SparkSession = MagicMock()
print("Spark says hello", flush=True)
time.sleep(float(os.environ.get("WARM_UP", 0)))
"""


def make(folder: Path) -> str:
    """Write it into the folder; the program."""
    program, package = folder / "spark-submit", folder / "modules" / "pyspark"
    program.write_text(f"#!{sys.executable}\n{_SUBMIT}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(_PYSPARK)
    (package / "sql.py").write_text(_PYSPARK_SQL)
    return str(program)
