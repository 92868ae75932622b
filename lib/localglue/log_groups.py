"""The log groups of a job run: by its kind, Spark's own prefix, and its security configuration with its role."""

from __future__ import annotations

from collections.abc import Mapping

from localapi.documents import Document
from localglue.commands import PYTHON_SHELL

_SHELL, _SPARK, _CRAWLERS = "/aws-glue/python-jobs", "/aws-glue/jobs", "/aws-glue/crawlers"
_PREFIX = "--custom-logGroup-prefix"


def is_shell(group: str) -> bool:
    """Whether a Python-shell job writes to the group."""
    return group.split("/")[:3] == _SHELL.split("/")


def log_group(job: Document, arguments: Mapping[str, str], security_configuration: str | None) -> str:
    """The log group that Glue names in a run. Output and errors are in the groups `/output` and `/error` below it.

    A security configuration makes its own name and that of the job's role part of it.
    """
    base = _SHELL if job["Command"]["Name"] == PYTHON_SHELL else arguments.get(_PREFIX) or _SPARK
    if not security_configuration:
        return base
    return f"{base}/{security_configuration}-role/{job['Role'].rsplit('/', 1)[-1]}"


def crawler_log_group(crawler: Document) -> str:
    """The log group of a crawler's crawls; here the role comes before the security configuration."""
    configuration = crawler.get("CrawlerSecurityConfiguration")
    if not configuration:
        return _CRAWLERS
    return f"{_CRAWLERS}-role/{crawler['Role'].rsplit('/', 1)[-1]}-{configuration}"
