"""
From what the model refused to problems with a place and a sentence. Pure.

A problem may show what stands in the file, never what came from the environment, and
nothing at all where a secret may stand.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from collector.config.model import Config
from collector.config.nodes import Document
from collector.config.problems import Loc, Position, Problem, render_loc
from collector.config.values import NO_CLUSTERS

_SHOWN_LENGTH_MAX: Final = 40
_SECRET_KEYS: Final = ("url", "migrate_url", "read_url")
_SECRET_LOOK: Final = re.compile(r"@|\bt1\.|\by[0-9]_|AQVN|PRIVATE KEY")
_LITERAL_PASSWORD: Final = re.compile(r"(?:^|//)[^/?#@:]*:[^/?#@]+@|[?&](?:ssl)?password=[^&]", re.IGNORECASE)

_MAPPING: Final = "should be a mapping of keys and values"
_TEXTS: Final[Mapping[str, str]] = {
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "tuple_type": "should be a list",
    "string_type": "should be text",
    "path_type": "should be the path of a file",
    "int_from_float": "should be a whole number",
    "int_parsing": "should be a whole number",
    "int_type": "should be a whole number",
    "float_type": "should be a number",
}


def find_problems(document: Document, refusal: ValidationError | None) -> list[Problem]:
    """Put together what reading found, what the model refused, and what only the whole file can tell."""
    found = [*document.problems, *_find_literal_passwords(document), *_find_twice(document), *_find_none(document)]
    taken = {problem.loc for problem in found if problem.subject == "value"}
    if refusal is not None:
        refused = (_translate(error, document) for error in refusal.errors(include_url=False))
        found += [problem for problem in refused if problem.subject == "key" or problem.loc not in taken]
    return [problem._replace(message=problem.message + _show(problem, document)) for problem in found]


def _translate(error: Any, document: Document) -> Problem:
    loc: Loc = tuple(error["loc"])
    kind = error["type"]
    if kind == "extra_forbidden":
        return Problem(document.keys.get(loc, document.place(loc)), loc, _describe_unknown(loc), "key")
    if kind == "missing":
        return Problem(document.place(loc), loc, "is missing", "key")
    if kind == "value_error":
        message = str(error["ctx"]["error"])
        return _no_clusters(document) if message == NO_CLUSTERS else Problem(document.place(loc), loc, message)
    message = _TEXTS.get(kind, error["msg"].replace("Input should", "should"))
    if kind == "string_type" and isinstance(error["input"], bool | int | float):
        message += ": quote it"
    return Problem(document.place(loc), loc, message)


def _describe_unknown(loc: Loc) -> str:
    model = _model_at(loc[:-1])
    known = _fields(model) if model else {}
    close = difflib.get_close_matches(str(loc[-1]), known, n=1)
    if close:
        return f"unknown key: did you mean {close[0]}?"
    return f"unknown key: {render_loc(loc[:-1])} has {', '.join(known) or 'no keys'}"


def _show(problem: Problem, document: Document) -> str:
    """Append what stands in the file, where that is a scalar of a known key that cannot be a secret."""
    source = document.sources.get(problem.loc)
    if problem.subject == "key" or source is None or not _may_show(problem.loc, source):
        return ""
    if source == "":
        return " (here: nothing)"
    shortened = source if len(source) <= _SHOWN_LENGTH_MAX else source[: _SHOWN_LENGTH_MAX - 1] + "…"
    return f" (here: {shortened!r})"


def _may_show(loc: Loc, source: str) -> bool:
    parent = _model_at(loc[:-1])
    if not loc or loc[0] == "auth" or loc[-1] in _SECRET_KEYS or _SECRET_LOOK.search(source):
        return False
    return parent is not None and loc[-1] in (fields := _fields(parent)) and _model_in(fields[str(loc[-1])]) is None


def _model_at(loc: Loc) -> type[BaseModel] | None:
    """Find the part of the model that a way leads to."""
    model: type[BaseModel] | None = Config
    for part in loc:
        if model is not None and isinstance(part, str):
            model = _model_in(_fields(model).get(part))
    return model


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    """List a model's keys as they stand in files, with their types."""
    return {str(field.validation_alias): field.annotation for field in model.model_fields.values()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _find_literal_passwords(document: Document) -> Iterator[Problem]:
    for key in _SECRET_KEYS:
        loc = ("database", key)
        if _LITERAL_PASSWORD.search(document.literals.get(loc, "")):
            message = "a password, and secrets are never literal: write ${NAME} in its place"
            yield Problem(document.place(loc), loc, message)


def _find_none(document: Document) -> Iterator[Problem]:
    """Say that nothing is to be watched also where the model found other faults first."""
    root = document.root
    if document.whole and isinstance(root, dict) and not root.get("clusters") and not root.get("discovery"):
        yield _no_clusters(document)


def _no_clusters(document: Document) -> Problem:
    return Problem(document.place(("clusters",)), ("clusters",), NO_CLUSTERS, "key")


def _find_twice(document: Document) -> Iterator[Problem]:
    """Find cluster ids that differ in nothing, or in case and white space only."""
    seen: dict[str, Position] = {}
    clusters = document.root.get("clusters") if isinstance(document.root, dict) else None
    for number, cluster in enumerate(clusters if isinstance(clusters, list) else []):
        cluster_id = cluster.get("id") if isinstance(cluster, dict) else None
        if not isinstance(cluster_id, str):
            continue
        loc = ("clusters", number, "id")
        place = document.place(loc)
        first = seen.setdefault(cluster_id.strip().casefold(), place)
        if first != place:
            yield Problem(place, loc, f"this cluster stands twice: it is already on line {first.line}")
