"""Files of a source: objects of S3, or files of this machine, as a source lists them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import boto3
from botocore.config import Config

from awsglue.missing import NotThere

_MARKER = "_$folder$"


@dataclass(frozen=True)
class File:
    """A file: address, size in bytes, the moment of its last change in milliseconds since 1970, storage class."""

    address: str
    size: int
    modified: int
    storage_class: str = "STANDARD"


@cache
def client(service: str) -> Any:
    """The boto3 client of a service, at the endpoint that the environment names."""
    config = Config(retries={"max_attempts": 5, "mode": "standard"})
    if os.environ.get("AWS_ENDPOINT_URL"):
        config = config.merge(Config(s3={"addressing_style": "path"}))
    client_of: Any = boto3.client  # its types know each service by its name alone
    return client_of(service, config=config)


def split(address: str) -> tuple[str, str]:
    """The bucket and key of an `s3://` address. Raises ValueError for any other."""
    parsed = urlparse(address, allow_fragments=False)
    if parsed.scheme not in ("s3", "s3a", "s3n") or not parsed.netloc:
        raise ValueError(f"{address} is no s3://bucket/key address")
    key = parsed.path.lstrip("/")
    return parsed.netloc, f"{key}?{parsed.query}" if parsed.query else key


def is_s3(address: str) -> bool:
    """Whether the address is one of S3."""
    return urlparse(address).scheme in ("s3", "s3a", "s3n")


def files_of(paths: Sequence[str], recurse: bool, options: Mapping[str, Any]) -> list[File]:
    """The files at the paths, oldest first: a file itself, or the files of a folder, with `recurse` at any depth.

    Hidden files (names with _ or . first) and empty ones are left out, as are those that the options exclude.
    """
    excluded = [_pattern(one) for one in _globs(options.get("exclusions"))]
    classes = set(_globs(options.get("excludeStorageClasses")))
    found: dict[str, File] = {}
    for path in paths:
        if re.search(r"[*?\[{]", path):
            raise NotThere(f"the path pattern {path}", "name the folder, and exclude files with exclusions")
        for one in _in_s3(path, recurse) if is_s3(path) else _on_disk(path, recurse):
            if one.size and one.storage_class not in classes and not any(p.fullmatch(one.address) for p in excluded):
                found[one.address] = one
    return sorted(found.values(), key=lambda one: (one.modified, one.address))


def _in_s3(path: str, recurse: bool) -> Iterator[File]:
    bucket, key = split(path)
    prefix = key.rstrip("/")
    for one in every_object(bucket, prefix):
        inner = one["Key"][len(prefix) :]
        is_whole = not prefix or inner[:1] in ("", "/")
        names = inner.strip("/").split("/") if inner.strip("/") else []
        if is_whole and (recurse or len(names) <= 1) and not _is_hidden(names, one["Key"]):
            moment = int(one["LastModified"].timestamp() * 1000)
            yield File(f"s3://{bucket}/{one['Key']}", one["Size"], moment, one.get("StorageClass", "STANDARD"))


def every_object(bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Every object whose key begins with the prefix, as S3 lists it."""
    for page in client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", ())


def _on_disk(path: str, recurse: bool) -> Iterator[File]:
    root = Path(urlparse(path).path if path.startswith("file:") else path)
    if not root.exists():
        raise FileNotFoundError(f"the path {path} does not exist")
    listed = [root] if root.is_file() else (root.rglob("*") if recurse else root.glob("*"))
    for one in listed:
        names = list(one.relative_to(root).parts) if one != root else []
        if one.is_file() and not _is_hidden(names, one.name):
            status = one.stat()
            yield File(f"file://{one.resolve()}", status.st_size, int(status.st_mtime * 1000))


def _is_hidden(names: Sequence[str], key: str) -> bool:
    return key.endswith(("/", _MARKER)) or any(name[:1] in ("_", ".") and "=" not in name for name in names)


def _globs(given: Any) -> list[str]:
    """Patterns: a list, or a JSON list as text."""
    if not given:
        return []
    found = json.loads(given) if isinstance(given, str) else given
    if not isinstance(found, (list, tuple, set)):
        raise ValueError(f"exclusions are a JSON list of patterns, and not {given}")
    return [str(one) for one in found]


def _pattern(glob: str) -> re.Pattern[str]:
    """A glob of AWS Glue: * stays in a folder, ** does not, braces are alternatives."""
    made, position = "", 0
    while position < len(glob):
        one = glob[position]
        if glob.startswith("**", position):
            made, position = f"{made}.*", position + 2
            continue
        special = {"*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|"}
        made += special.get(one, re.escape(one))
        position += 1
    return re.compile(made if is_s3(glob) else f"(?:.*/)?{made}")
