"""The script, wheels and modules that a job run downloads from S3."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from tests.integration.localglue.bench import SHELL_LOGS, Bench


def _zip(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def test_a_missing_script_fails_the_run(bench: Bench) -> None:
    job = bench.job()
    bench.s3.delete_object(Bucket=bench.bucket, Key=f"scripts/{job}.py")
    run = bench.run(job)
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"].startswith(f"the script s3://{bench.bucket}/scripts/{job}.py cannot be fetched")


def test_wheels_and_modules_are_put_on_the_python_path_and_nothing_else(bench: Bench, monkeypatch: Any) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    wheel = bench.put("lib/one-1-py3-none-any.whl", _zip({"one/__init__.py": "word = 'one'"}))
    module = bench.put("lib/two.py", b"word = 'two'")
    other = bench.put("lib/three-1-py3-none-any.whl", _zip({"three.py": "word = 'three'"}))
    job = bench.job(
        "import one, two, three, os; print(one.word, two.word, three.word, '/somewhere' in os.environ['PYTHONPATH'])",
        DefaultArguments={"--extra-py-files": f"{wheel},{module}", "--additional-python-modules": f"{other},pandas"},
    )
    runs = [bench.run(job), bench.run(job)]
    assert [bench.lines(f"{SHELL_LOGS}/output", run["Id"]) for run in runs] == [["one two three False"]] * 2
    assert bench.lines(f"{SHELL_LOGS}/error", runs[0]["Id"]) == [
        "localglue installs nothing: pandas must be in the interpreter that runs the job"
    ]


@pytest.mark.parametrize(
    ("key", "content", "problem"),
    [
        ("lib/broken.whl", b"not a zip", "File is not a zip file"),
        ("lib/words.txt", b"", "it is not a .whl, .zip, .egg or .py"),
    ],
)
def test_a_broken_wheel_fails_the_run(bench: Bench, key: str, content: bytes, problem: str) -> None:
    job = bench.job(DefaultArguments={"--extra-py-files": bench.put(key, content)})
    run = bench.run(job)
    assert run["JobRunState"] == "FAILED" and problem in run["ErrorMessage"]
