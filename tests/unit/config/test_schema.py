"""The example, the schema and the reference page say what the model says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from collector.config import AuthSettings, ClusterSettings, Config, config_schema, load_config
from collector.config.reference import reference_page
from collector.records import ClusterId

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "config.example.yaml"

# Sources and credentials exclude each other, so the example can hold only one of them; the others are comments there.
NOT_IN_EXAMPLE = {
    "auth.service_account_key.env",
    *("auth.iam_token", "auth.iam_token.env", "auth.iam_token.file"),
    *("auth.oauth_token", "auth.oauth_token.env", "auth.oauth_token.file"),
    *("auth.workload_identity", "auth.workload_identity.service_account_id", "auth.workload_identity.token_file"),
    "auth.metadata",
    *("http.token.env", "http.token.file"),
}
ANY_VALUE = {"auth.service_account_key", "clusters", "discovery"}


def keys_of(schema: dict[str, Any], part: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Walk a schema's properties through its references; yield each key's way."""
    for key, entry in part["properties"].items():
        yield prefix + key
        inner = entry.get("items", entry)
        for choice in inner.get("anyOf", [inner]):
            if "$ref" in choice:
                yield from keys_of(schema, schema["$defs"][choice["$ref"].rpartition("/")[2]], f"{prefix}{key}.")


def keys_in(tree: object, prefix: str = "") -> Iterator[str]:
    """Walk the mappings and lists of a file; yield each key's way."""
    if isinstance(tree, list):
        for item in tree:
            yield from keys_in(item, prefix)
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield prefix + key
            yield from keys_in(value, f"{prefix}{key}.")


def settings_of(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Walk the values of a configuration, section by section."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel) and prefix + name not in ANY_VALUE:
            yield from settings_of(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def test_the_example_names_every_key() -> None:
    """A setting that the example does not show is not found by anyone."""
    schema: dict[str, Any] = config_schema()
    written = set(keys_in(yaml.safe_load(EXAMPLE.read_text())))

    expected = set(keys_of(schema, schema))

    assert {
        key for key in written if not key.startswith(("clusters.labels.", "discovery.labels."))
    } == expected - NOT_IN_EXAMPLE


def test_the_example_shows_every_credential() -> None:
    """As a comment, where another one stands."""
    text = EXAMPLE.read_text()

    assert [kind for kind in AuthSettings.model_fields if not re.search(rf"^  (# )?{kind}: ", text, re.MULTILINE)] == []


def test_the_example_shows_the_defaults() -> None:
    """Deleting any of its lines changes nothing, but for the clusters and the credential."""
    config = load_config(EXAMPLE, {})
    bare = Config(clusters=(ClusterSettings(id=ClusterId("c9q")),))

    shown, defaults = dict(settings_of(config)), dict(settings_of(bare))

    assert {key: shown[key] for key in shown.keys() - ANY_VALUE} == {
        key: defaults[key] for key in defaults.keys() - ANY_VALUE
    }


def test_every_line_of_the_example_says_what_it_is() -> None:
    """Each key has a comment beside it, with its unit."""
    lines = [line for line in EXAMPLE.read_text().splitlines() if re.match(r" +-? ?\w+: ", line)]

    assert len(lines) > 30
    assert [line for line in lines if " # " not in line] == []


def test_the_example_tells_editors_where_its_schema_is() -> None:
    """The hint must be the first line to be found."""
    assert EXAMPLE.read_text().startswith("# yaml-language-server: $schema=collector.schema.json\n")


def test_the_reference_page_is_made_from_the_model() -> None:
    """`python -m collector.config.reference > docs/reference/config.md` brings it up to date."""
    page = (ROOT / "docs" / "reference" / "config.md").read_text()

    assert page == reference_page()


def test_the_schema_knows_no_other_keys() -> None:
    """An editor marks a typo where the program would refuse it."""
    schema: dict[str, Any] = config_schema()

    parts = {"Config": schema, **schema["$defs"]}

    assert {name: part["additionalProperties"] for name, part in parts.items()} == dict.fromkeys(parts, False)


def test_the_schema_describes_every_key() -> None:
    """The sentence under a setting reaches the editor; a section's stands at its definition."""
    schema: dict[str, Any] = config_schema()

    bare = [
        key
        for part in schema["$defs"].values()
        for key, entry in part["properties"].items()
        if not entry.get("description", "").endswith(".")
    ]

    assert bare == []
    assert all(part["description"] for part in schema["$defs"].values())


@pytest.mark.parametrize(
    "text, accepted",
    [("60s", True), ("${T:-60s}", True), ("60", False), ("1h30m", False)],
    ids=["duration", "variable", "no-unit", "two-units"],
)
def test_the_schema_writes_durations_as_text(*, text: str, accepted: bool) -> None:
    """Editors check the unit, and let variables pass."""
    schema: dict[str, Any] = config_schema()

    entry = schema["$defs"]["ApiSettings"]["properties"]["page_timeout"]

    assert entry["default"] == "1m"
    assert any(re.search(choice["pattern"], text) for choice in entry["anyOf"]) is accepted


def test_the_schema_holds_the_bounds_of_numbers() -> None:
    """An editor marks a number that the program would refuse."""
    schema: dict[str, Any] = config_schema()

    entry = schema["$defs"]["ApiSettings"]["properties"]["page_size"]

    assert entry["anyOf"][0] == {"type": "integer", "minimum": 1, "maximum": 1000}
