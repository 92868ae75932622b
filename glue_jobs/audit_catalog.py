"""Glue job: hold files, Data Catalog and contracts against each other."""

from totelake.registry.audit import audit_catalog
from totelake.runtime import run_job
from totelake.runtime.job_arguments import AuditArguments

if __name__ == "__main__":
    run_job(audit_catalog, AuditArguments)
