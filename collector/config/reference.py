"""The configuration's reference page, made from the model; `python -m collector.config.reference` prints it."""

from __future__ import annotations

import json
import sys
from typing import Any, Final

from collector.config.schema import is_duration, settings_schema

_HEAD = """\
# Configuration

Made from the model by `python -m collector.config.reference`; edit the sentences in `collector/config`.

A YAML file: `--config FILE`, else `$COLLECTOR_CONFIG`, else `config.yaml` in the working directory.
`config.example.yaml` holds every key; `collector check --offline` says what is wrong with a file, all of it at once,
each as `file:line:column: key: what is wrong`; `collector config-schema` prints a JSON Schema for editors.

- Durations are a number and a unit: `90s`, `15m`, `26h`, `14d`. A bare number is refused.
- `${NAME}` in a value is replaced by the environment variable, `${NAME:-default}` by the default where NAME is unset or
  empty; `$${` stands for a literal `${`. Never in keys. Inside `{…}` and `[…]` quote it.
- Secrets are never literal: they come from `${…}`, from `{env: NAME}` or from `{file: PATH}`.
- One YAML document of at most 1 MiB and 20 levels. Refused: unknown keys, keys and cluster ids that stand twice, tags,
  anchors, aliases, merge keys, and unquoted values that YAML readers understand differently (`on`, `012`, `12:30:00`,
  `1_000`, dates): quote those.
- A key left out has its default. Required is one of `clusters` and `discovery`.
"""

_FORMS: Final = {
    "SecretSource": "`{env: NAME}` or `{file: PATH}`",
    "MetadataSettings": "`{}`",
    "WorkloadIdentitySettings": "`{service_account_id: ID, token_file: PATH}`",
}
"""How the value of a key is written that is a mapping itself."""


def reference_page() -> str:
    """Write the page: a heading and a table for each section, in the order of the model."""
    schema = settings_schema()
    parts = [_HEAD]
    for key, entry in schema["properties"].items():
        parts.append(_section(key, entry, schema["$defs"]))
    return "\n".join(parts)


def _section(key: str, entry: dict[str, Any], models: dict[str, Any]) -> str:
    model = models[_reference(entry)]
    repeated = " (a list)" if entry.get("type") == "array" else ""
    lines = [f"## `{key}`{repeated}", "", entry.get("description", model["description"]), ""]
    lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
    for name, field in model["properties"].items():
        default = _default(field) if name not in model.get("required", ()) else "required"
        sentence = " ".join(field["description"].split())
        lines.append(f"| `{name}` | {_value(field)} | {default} | {sentence} |")
    return "\n".join(lines) + "\n"


def _reference(entry: dict[str, Any]) -> str:
    inner = entry.get("items", entry)
    (reference,) = (choice["$ref"] for choice in inner.get("anyOf", [inner]) if "$ref" in choice)
    return str(reference).rpartition("/")[2]


def _default(field: dict[str, Any]) -> str:
    default = field.get("default", {})
    if isinstance(default, float):
        return f"`{default:g}`"
    return f"`{default}`" if isinstance(default, str) else f"`{json.dumps(default)}`"


def _value(field: dict[str, Any]) -> str:
    return " or ".join(_kind(choice) for choice in field.get("anyOf", [field]))


def _kind(choice: dict[str, Any]) -> str:
    if "$ref" in choice:
        return _FORMS[_reference(choice)]
    if "enum" in choice:
        return "one of " + ", ".join(f"`{word}`" for word in choice["enum"])
    if is_duration(choice):
        return "duration"
    names = {"integer": "whole number", "number": "number", "boolean": "`true` or `false`", "object": "pairs of text"}
    if choice["type"] == "array":
        return f"list of {_kind(choice['items'])}"
    kinds = choice["type"] if isinstance(choice["type"], list) else [choice["type"]]
    return " or ".join(names.get(kind, "text" if kind == "string" else kind) for kind in kinds) + _bounds(choice)


def _bounds(choice: dict[str, Any]) -> str:
    if "exclusiveMinimum" in choice:
        return f" above {choice['exclusiveMinimum']}"
    if "minimum" in choice and "maximum" in choice:
        return f", {choice['minimum']} to {choice['maximum']}"
    return f", at least {choice['minimum']}" if "minimum" in choice else ""


if __name__ == "__main__":
    sys.stdout.write(reference_page())
