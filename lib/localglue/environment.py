"""The environment of a job run: a list of variables that it gets of localglue's own, and what localglue sets."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from localglue.settings import Settings

# on AWS a job sees nothing of a person's settings, and the keys of whoever started localglue are not the job's
INHERITED = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_*", "TMPDIR", "TERM",
    "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "JAVA_HOME", "COVERAGE_*",
)  # fmt: skip


def environment(settings: Settings, inherited: Mapping[str, str], python_path: Sequence[Path]) -> dict[str, str]:
    """What is inherited by name, the endpoints and their key, and the run's Python path."""
    own = {
        **settings.keys.environment(),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_ENDPOINT_URL_GLUE": settings.own_url,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_REGION": settings.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
        "no_proxy": "*",
        "PYTHONUNBUFFERED": "1",
        "TZ": "UTC",
    }
    if python_path:
        own["PYTHONPATH"] = ":".join(str(path) for path in python_path)
    patterns = (*INHERITED, *settings.inherit)
    kept = {name: value for name, value in inherited.items() if any(fnmatchcase(name, item) for item in patterns)}
    python = python_of_spark(settings)
    of_spark = dict.fromkeys(("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"), python) if python else {}
    return {**of_spark, **kept, **own}


def python_of_spark(settings: Settings) -> str | None:
    """The interpreter that has pyspark, not the first one on PATH; None where none lies beside spark-submit."""
    beside = Path(settings.spark_submit).parent / "python" if settings.spark_submit else None
    return str(beside) if beside and beside.exists() else None
