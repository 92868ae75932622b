"""What jobs hand each other, typed: each record reads a manifest of its log (`of`) and makes one (`manifest`).

| record | log | written by | read by |
|---|---|---|---|
| Batch | a source's name | ingest, moves of the bookmark | check_schemas, watch, reconcile |
| Verdict | verdicts | check_schemas | builders, load, watch |
| StarCommit | a star table's name | builders | load, builders, maintenance |
| Holds | holds | builders, load | builders, load, watch, reconcile |
| LoadMark | warehouse | load_warehouse | watch, maintenance |
| MaintenanceMark, AuditMark | maintenance, audit | the nightly jobs | themselves |

The JSON form is that of format 1; golden files in tests/unit/lake/records hold it.
"""
