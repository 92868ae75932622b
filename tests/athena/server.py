"""The real engine for `make athena-answers`: Trino on a free port of this machine, without a catalogue."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# the folder of Trino's jars: `mvn -B package -f tests/athena/trino -Dtrino.lib=FOLDER` fills it
LIB = "TRINO_LIB"
_HERE = Path(__file__).resolve().parent
_PROPERTIES = """node.id=answers
node.environment=answers
plugin.dir={folder}/plugin
catalog.config-dir={folder}/catalog
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port={port}
discovery.uri=http://127.0.0.1:{port}
node.internal-address=127.0.0.1
node.bind-ip=127.0.0.1
query.max-memory=256MB
query.max-memory-per-node=256MB
memory.heap-headroom-per-node=128MB
"""
_OPTIONS = (
    "-Xmx1g",
    "-XX:+UseG1GC",
    "-XX:TieredStopAtLevel=1",
    "-Djdk.attach.allowAttachSelf=true",
    "-Duser.timezone=UTC",
)
_SECONDS = 120


def missing() -> str | None:
    """Why Trino cannot be started here, and what to do; None when it can."""
    if shutil.which("java") is None:
        return "there is no java; install Java 17 to ask the real engine"
    folder = os.environ.get(LIB, "")
    if not folder or not list(Path(folder).glob("trino-main-*.jar")):
        fills = "`mvn -B package -f tests/athena/trino -Dtrino.lib=FOLDER` fills one"
        return f"{LIB} names no folder with Trino's jars; {fills}"
    return None


@contextmanager
def trino(folder: Path) -> Iterator[str]:
    """The address of a Trino that runs until the end; `folder` is for its files."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for name in ("plugin", "catalog"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "config.properties").write_text(_PROPERTIES.format(folder=folder, port=port), encoding="utf-8")
    (folder / "log.properties").write_text("io.trino=WARN\n", encoding="utf-8")
    options = (
        f"-Dconfig={folder}/config.properties",
        f"-Dlog.levels-file={folder}/log.properties",
        "-Dtrino.version=435",
    )
    command = ["java", *_OPTIONS, *options, "-cp", f"{os.environ[LIB]}/*", str(_HERE / "trino" / "Start.java")]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(process, address, folder / "server.log")
            yield address
        finally:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/v1/info", timeout=5) as reply:
                started = not json.load(reply)["starting"]
            if started and "rows" in ask(address, "SELECT count(*) FROM system.runtime.nodes"):
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"Trino did not start; its log ends with {log.read_text(encoding='utf-8')[-2000:]}")


def ask(address: str, sql: str) -> dict[str, Any]:
    """Trino's answer: names, types and rows, or the name of an error and its message."""
    headers = {"X-Trino-User": "athena", "X-Trino-Time-Zone": "UTC"}
    request = urllib.request.Request(f"{address}/v1/statement", sql.encode(), headers)
    columns: list[dict[str, Any]] = []
    rows: list[list[Any]] = []
    while True:
        with urllib.request.urlopen(request, timeout=120) as reply:
            page = json.load(reply, parse_float=str)
        if "error" in page:
            return {"error": page["error"]["errorName"], "message": page["error"]["message"]}
        columns = page.get("columns") or columns
        rows += page.get("data") or []
        if "nextUri" not in page:
            names, types = ([column[part] for column in columns] for part in ("name", "type"))
            return {"names": names, "types": types, "rows": rows}
        request = urllib.request.Request(page["nextUri"], headers=headers)
