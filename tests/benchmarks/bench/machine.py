"""The machine and the versions on which something was measured."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import psutil
import psycopg2

_OURS = ("pyspark", "pyarrow", "psycopg2-binary", "duckdb", "moto")
_THEIRS = ("dlt", "connectorx", "awswrangler", "pg8000", "pandas", "polars", "pyarrow", "duckdb")
_ASK = "import importlib.metadata as m, json, sys; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"


def load_average() -> float:
    """The load of the last minute, in processes that run or wait for a core."""
    return round(os.getloadavg()[0], 2)


def describe(dsn: str) -> dict[str, Any]:
    """Cores, memory, system, and what PostgreSQL, Python and our own packages are."""
    connection = psycopg2.connect(dsn)
    try:
        server = str(connection.info.parameter_status("server_version"))
    finally:
        connection.close()
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "postgresql": server.split()[0],
        "packages": {name: importlib.metadata.version(name) for name in _OURS},
    }


def peer_versions(python: Path) -> dict[str, str]:
    """What is in the environment of the peers; nothing when there is none."""
    if not python.is_file():
        return {}
    done = subprocess.run([str(python), "-c", _ASK, *_THEIRS], capture_output=True, text=True, check=False)
    if done.returncode:
        return {}
    return dict(json.loads(done.stdout))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
