"""The configuration's JSON Schema, for editors, made from the model."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from textwrap import dedent
from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import GenerateJsonSchema

from collector.config.model import Config
from collector.config.values import DURATION_PATTERN, format_duration

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import core_schema

_VARIABLE: Final = {"type": "string", "pattern": r"\$\{"}
_BOUNDS: Final = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum"}
_ANNOTATIONS: Final[tuple[str, ...]] = ("description", "default")


class _DocumentedSchema(GenerateJsonSchema):
    """
    Describes each key by the sentence under its field.

    pydantic would do it by itself (`use_attribute_docstrings`), but whenever a model is imported: reading the source of
    all of them takes longer than most of what the program does at its start.
    """

    def model_schema(self, schema: core_schema.ModelSchema) -> dict[str, Any]:
        """Add the sentences to a model's schema."""
        made = super().model_schema(schema)
        for name, sentence in _sentences_of(schema["cls"]).items():
            made["properties"][_key_of(schema["cls"], name)]["description"] = sentence
        return made


def _sentences_of(model: type[BaseModel]) -> dict[str, str]:
    (definition,) = ast.parse(dedent(inspect.getsource(model))).body
    sentences: dict[str, str] = {}
    for field, below in pairwise(ast.iter_child_nodes(definition)):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(sentence))):
                sentences[name] = inspect.cleandoc(sentence)
    return sentences


def _key_of(model: type[BaseModel], name: str) -> str:
    alias = model.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else name


def config_schema() -> dict[str, object]:
    """Build the JSON Schema (2020-12) of a configuration file. A `${…}` is accepted wherever a scalar stands."""
    schema = settings_schema()
    for part in (schema, *schema["$defs"].values()):
        part["properties"] = {key: _loosen(entry) for key, entry in part["properties"].items()}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def settings_schema() -> dict[str, Any]:
    """Build the schema as strict as the model, with durations written as in files."""
    schema = Config.model_json_schema(by_alias=True, mode="validation", schema_generator=_DocumentedSchema)
    for part in (schema, *schema["$defs"].values()):
        part["properties"] = {key: _tidy(entry) for key, entry in part["properties"].items()}
    return schema


def is_duration(entry: dict[str, Any]) -> bool:
    """Tell whether a property's schema is that of a duration, optional or not."""
    return any(DURATION_PATTERN.pattern in choice.get("pattern", "") for choice in entry.get("anyOf", [entry]))


def _tidy(entry: dict[str, Any]) -> dict[str, Any]:
    """Write bounds in JSON Schema's words (pydantic keeps its own beside a validator), and durations with a unit."""
    entry = {_BOUNDS.get(key, key): value for key, value in entry.items() if key != "title"}
    if "anyOf" in entry:
        entry["anyOf"] = [_tidy(choice) for choice in entry["anyOf"]]
    if any("$ref" in choice for choice in entry.get("anyOf", [entry])) and entry.get("default") is not None:
        entry.pop("default")
    if is_duration(entry) and isinstance(entry.get("default"), float):
        entry["default"] = format_duration(entry["default"])
    return entry


def _loosen(entry: dict[str, Any]) -> dict[str, Any]:
    if entry.get("type") in ("array", "object"):
        return entry
    about = {key: entry[key] for key in _ANNOTATIONS if key in entry}
    bare = {key: value for key, value in entry.items() if key not in _ANNOTATIONS}
    choices = bare.get("anyOf", [bare])
    if any("$ref" in choice for choice in choices):
        return {**about, "anyOf": [*(c for c in choices if c != {"type": "null"}), {"type": "null"}]}
    return {**about, "anyOf": [*choices, _VARIABLE]}
