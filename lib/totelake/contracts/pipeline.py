"""The pipeline that catalog/pipeline.yaml describes: entries of a source once for each, one way to publish; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from totelake.contracts.documents import line_of, place
from totelake.contracts.sources import KINDS, Source, sources_of
from totelake.errors import ContractError

SPLIT, FUSED = "split", "fused"
FILE = "pipeline.yaml"
_PARTS = {"jobs": "job", "crawlers": "crawler", "workflows": "workflow", "triggers": "trigger"}
_PUBLISH, _RETIRED, _FORMER = "publish", "retired", "former"
# what an entry of a source has besides where the source is of a kind
_OF_KIND, _ARGUMENTS = "of_kind", "arguments"
_SOURCE, _STAR_TABLES = "{source}", "{star_tables}"
_SECRET, _SCHEDULE, _TABLE_PREFIX = "{source_secret}", "{source_schedule}", "{source_table_prefix}"
_OURS = re.compile(r"\{(?:source\w*|star_tables)\}")


def pipeline_of(files: Mapping[str, Any], publish: str = "") -> Mapping[str, Any]:
    """The pipeline of the catalog's documents with one way to publish, by default the one that it names.

    Raises ContractError.
    """
    described = files.get(FILE) or {}
    if not isinstance(described, Mapping):
        raise ContractError(f"catalog/{FILE} is no mapping; write {', '.join(_PARTS)} into it")
    whole = {**described, _PUBLISH: publish} if publish else described
    return active(expanded(whole, sources_of(files), star_table_names(files)))


def star_table_names(files: Mapping[str, Any]) -> list[str]:
    """The names of the star tables, sorted; a malformed contract is left to whoever reads the contracts."""
    found = []
    for path, document in files.items():
        if path.startswith("warehouse/") and isinstance(document, Mapping):
            entries = document.get("schema")
            found += [str(entry["name"]) for entry in entries if "name" in entry] if isinstance(entries, list) else []
    return sorted(found)


def expanded(
    pipeline: Mapping[str, Any], sources: Mapping[str, Source], star_table_names: Sequence[str]
) -> Mapping[str, Any]:
    """The pipeline with each entry whose name holds {source} once for each source, which it names as `source`.

    What such an entry has in `of_kind` under a source's kind is added to its arguments, and takes the place of its
    other values. In the access of the other entries, what holds {source} stands for one of each; {star_tables} stands
    for where the rows of the star tables are. Each job names its `script`. Other braces are left to whoever deploys.
    Raises ContractError.
    """
    places = [f"processed/{name}" for name in ("compacted", *star_table_names)]
    parts = {part: _spread(part, pipeline[part], sources, places) for part in _PARTS if part in pipeline}
    return {**pipeline, **parts}


def active(pipeline: Mapping[str, Any]) -> Mapping[str, Any]:
    """The pipeline without jobs and triggers of the other way to publish.

    Their names are in `retired`, with those that earlier versions deployed (`former`). Raises ContractError.
    """
    way = pipeline.get(_PUBLISH, FUSED)
    if way not in (SPLIT, FUSED):
        raise ContractError(f"catalog/{FILE}: {_PUBLISH} is '{way}'; use {SPLIT} or {FUSED}")
    if _RETIRED in pipeline:
        return pipeline
    kept, retired = {}, {}
    for part in _PARTS:
        entries = pipeline.get(part, {})
        kept[part] = {name: entry for name, entry in entries.items() if entry.get(_PUBLISH, way) == way}
        gone = [*entries, *pipeline.get(_FORMER, {}).get(part, ())]
        retired[part] = [name for name in gone if name not in kept[part]]
    return {**pipeline, **kept, _RETIRED: retired}


def _spread(
    part: str, entries: Mapping[str, Any], sources: Mapping[str, Source], places: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """The entries of one part, those whose name holds {source} once for each source."""
    found: dict[str, dict[str, Any]] = {}
    if not isinstance(entries, Mapping):
        raise ContractError(f"catalog/{FILE}: {part} is empty or no mapping; write each {_PARTS[part]} under its name")
    for template, entry in entries.items():
        where = f"{place(FILE, line_of(entries, template))}: the {_PARTS[part]} {template}"
        if not isinstance(entry, Mapping):
            raise ContractError(f"{where} is empty or no mapping; write it like the entries beside it")
        _check_kinds(where, template, entry)
        for name, made in _made(template, entry, sources):
            if name in found:
                raise ContractError(f"{where} makes {name}, and so does another entry; rename one of them")
            if not isinstance(made.get("access", {}), Mapping):
                raise ContractError(f"{where} has an access that is no mapping; write read, write and the like into it")
            if "access" in made:
                made["access"] = {
                    kind: list(_paths(where, paths, sources, places)) for kind, paths in made["access"].items()
                }
            _check_filled(where, template, made)
            script = {"script": _script(template)} if part == "jobs" else {}
            found[name] = {**script, **made}
    return found


def _made(
    template: str, entry: Mapping[str, Any], sources: Mapping[str, Source]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What an entry stands for, by name."""
    if _SOURCE not in template:
        yield template, dict(entry)
        return
    for source in sources.values():
        words = _words(source)
        yield _filled(template, words), {**_filled(_of_kind(entry, source.kind), words), "source": source.name}


def _of_kind(entry: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """An entry as it is for sources of a kind."""
    if _OF_KIND not in entry:
        return entry
    own = entry[_OF_KIND].get(kind, {})
    merged = {key: value for key, value in {**entry, **own}.items() if key != _OF_KIND}
    return {**merged, _ARGUMENTS: {**entry.get(_ARGUMENTS, {}), **own.get(_ARGUMENTS, {})}}


def _check_kinds(where: str, template: str, entry: Mapping[str, Any]) -> None:
    """Raises ContractError for what is of a kind in an entry that is of no source, or of a kind that there is not."""
    if _OF_KIND not in entry:
        return
    if _SOURCE not in template:
        raise ContractError(f"{where} has {_OF_KIND} and is of no source; put {_SOURCE} into its name")
    kinds = entry[_OF_KIND]
    if not isinstance(kinds, Mapping) or not all(isinstance(own, Mapping) for own in kinds.values()):
        raise ContractError(f"{where} has an {_OF_KIND} that is no mapping; write {', '.join(KINDS)} into it")
    for kind in kinds:
        if kind not in KINDS:
            raise ContractError(f"{where} has {_OF_KIND} {kind}, which is no kind of source; use {', '.join(KINDS)}")


def _words(source: Source) -> Mapping[str, str]:
    """What stands in braces in the entries of a source."""
    return {
        _SOURCE: source.name,
        _SECRET: source.secret,
        _SCHEDULE: source.schedule,
        _TABLE_PREFIX: source.table_prefix,
    }


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _filled(item, words) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(item, words) for item in value]
    if isinstance(value, str):
        for word, text in words.items():
            value = value.replace(word, text)
    return value


def _script(template: str) -> str:
    """The stem of a job's script, by default."""
    return template.replace(f"-{_SOURCE}", "").replace("-", "_")


def _paths(where: str, paths: Any, sources: Mapping[str, Source], places: Sequence[str]) -> Iterator[str]:
    """What a list of an entry's access stands for; lists in lists are joined."""
    for path in paths if isinstance(paths, (list, tuple)) else (paths,):
        if isinstance(path, (list, tuple)):
            yield from _paths(where, path, sources, places)
        elif not isinstance(path, str):
            raise ContractError(f"{where} has {path!r} in its access, which is no text; put it in quotes")
        elif path == _STAR_TABLES:
            yield from places
        elif _SOURCE in path:
            yield from (path.replace(_SOURCE, name) for name in sources)
        else:
            yield path


def _check_filled(where: str, template: str, made: Any) -> None:
    """Raises ContractError for a name in braces that is ours to fill in and is not filled."""
    advice = f"put {_SOURCE} into its name, so that there is one for each source"
    if _SOURCE in template:
        words = ", ".join((_SOURCE, _SECRET, _SCHEDULE, _TABLE_PREFIX))
        advice = f"use {words}, and in access alone {_STAR_TABLES}"
    for text in _texts(made):
        left = _OURS.search(text)
        if left is not None:
            raise ContractError(f"{where} has {left[0]} in '{text}'; {advice}")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value
