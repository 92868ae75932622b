"""No file of Arrow's or parquet makes its reader run code: a live payload, read in every way that there is.

Each reader runs in a process of its own, so that no other module's import protects it. Older pyarrow, which runs such a
payload, is that of Python-shell jobs; `tests/integration/test_python_shell.py` runs this file on it.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

_BEFORE = """
import sys
from pathlib import Path
from totelake.ports.memory import MemoryStore
path = Path(sys.argv[1])
body = path.read_bytes()
store = MemoryStore("b")
store.put("k", body)
file = {"key": "k", "rows": 1, "bytes": len(body), "sha256": ""}
"""
_LEDGER = """
from totelake.lake.records.batch import StateFile
from totelake.capture.ledger.files import BaseFile, read_delta
"""
_SHELL = {
    "footer": "from totelake.lake.footers import read_footer\nread_footer(store, 'k', len(body))",
    "quarantine": "from totelake.lake.quarantine import deletions_of\ndeletions_of(body)",
    "taken files": "from totelake.feeds.files.taken import TakenFiles\n"
    "TakenFiles.of({'tables': {'t': file}}, 't', store)",
    "ledger base": f"{_LEDGER}BaseFile(store, StateFile(**file))",
    "ledger delta": f"{_LEDGER}read_delta(store, StateFile(**file))",
    "reconciled": "from totelake.operate.reconcile.rows import read_columns\n"
    "read_columns(store, 'k', len(body), '', ['staff_id'])",
    "reconciled by type": "import pyarrow as pa\nfrom totelake.operate.reconcile.rows import read_typed\n"
    "read_typed(store, 'k', len(body), '', pa.schema([('staff_id', pa.int32())]))",
}
_NEWER = {
    "loaded": "from totelake.warehouse.lake_rows import LakeRows, csv_files\n"
    "import pyarrow as pa\nlist(csv_files(store, LakeRows('t', ['k'], {'staff_id': pa.int32()}), path.parent))",
    "built": "from totelake.star.write import _batches\n_batches(body)",
    "crawled": "from localglue.footers import FooterReader\nimport io\n"
    "class S3:\n    def get_object(self, **_): return {'Body': io.BytesIO(body)}\n"
    "FooterReader(S3(), None)._parsed('b', 'k', len(body))",
}
READERS = {**_SHELL, **(_NEWER if sys.version_info >= (3, 10) else {})}


@pytest.fixture
def schema(tmp_path: Path) -> pa.Schema:
    """A schema that makes the folder `ran` when it is loaded as older pyarrow does."""

    class Payload:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "ran"),)

    metadata = {
        "ARROW:extension:name": "arrow.py_extension_type",
        "ARROW:extension:metadata": pickle.dumps(Payload(), 2),
    }
    return pa.schema([pa.field("staff_id", pa.int32(), metadata=metadata)])


@pytest.fixture
def payload(schema: pa.Schema, tmp_path: Path) -> Path:
    """A parquet file with that schema."""
    pq.write_table(schema.empty_table(), str(tmp_path / "foreign.parquet"))
    return tmp_path / "foreign.parquet"


def read_by(program: str, path: Path) -> str:
    """What a program says that reads a file in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _BEFORE + program, str(path)], capture_output=True, text=True, check=False
    )
    return done.stderr


@pytest.mark.parametrize("reader", sorted(READERS))
def test_no_reader_runs_what_a_foreign_file_says(reader: str, payload: Path) -> None:
    said = read_by(READERS[reader], payload)
    assert "which would run code of the file's" in said, said
    assert not (payload.parent / "ran").exists()


def test_no_arrow_file_runs_anything_either(schema: pa.Schema, tmp_path: Path) -> None:
    path = tmp_path / "0.arrow"
    with pa.OSFile(str(path), "wb") as target, pa.ipc.new_file(target, schema):
        pass
    said = read_by("from totelake.feeds.runs import _Cursor\n_Cursor(path)", path)
    assert "which would run code of the file's" in said, said
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(int(pa.__version__.split(".")[0]) >= 14, reason="newer pyarrow runs no payload by itself")
def test_the_payload_is_live(payload: Path) -> None:
    read_by("import pyarrow.parquet\npyarrow.parquet.ParquetFile(path).schema_arrow", payload)
    assert (payload.parent / "ran").exists()
