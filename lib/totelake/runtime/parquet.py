"""Parquet and Arrow files, read and written here and nowhere else: no file can make its reader run code.

Arrow's type `arrow.py_extension_type` is a pickle in a file's schema. Before 14.0.1 pyarrow loads it, and so runs
whatever it says, as soon as it sees the schema (CVE-2023-47248); Python-shell jobs have 7.0.0. This module puts a type
that refuses into its place before anything is read. No other module imports the readers, which a test holds.
"""

from __future__ import annotations

from contextlib import suppress

import pyarrow as pa
from pyarrow.ipc import new_file as new_arrow_file
from pyarrow.ipc import open_file as open_arrow_file
from pyarrow.parquet import ParquetFile, ParquetWriter, write_table

__all__ = ["ParquetFile", "ParquetWriter", "new_arrow_file", "open_arrow_file", "write_table"]
_NAME = "arrow.py_extension_type"


class _RefusedType(pa.ExtensionType):  # type: ignore[misc] # pyarrow has no types
    """Stands in the place of the type that loads a pickle."""

    def __init__(self) -> None:
        super().__init__(pa.null(), _NAME)

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> pa.ExtensionType:
        raise pa.ArrowInvalid(f"a column has the type {_NAME}, which would run code of the file's")


def _refuse_pickled_types() -> None:
    # a newer pyarrow knows no such type; it is refused all the same
    with suppress(pa.ArrowKeyError):
        pa.unregister_extension_type(_NAME)
    pa.register_extension_type(_RefusedType())


_refuse_pickled_types()
