"""YAML that can surprise is refused; values that readers take for different things must be quoted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.config import Config
from collector.errors import ConfigError

Load = Callable[..., Config]
Problems = Callable[..., list[str]]

ONE = "clusters: [{id: c9q}]\n"

# (row of the corpus, content, the one line expected)
SYNTAX: Mapping[str, tuple[str | bytes, str]] = {
    "tag": (ONE + "log: !!python/object/apply:os.system [id]", "2:6: log: tags (!name) are not allowed"),
    "local-tag": ("clusters: [{id: !x c9q}]", "1:17: clusters.0.id: tags (!name) are not allowed (here: 'c9q')"),
    "anchor": ("clusters: &a [{id: c9q}]", "1:11: clusters: anchors (&name) are not allowed"),
    "merge-key": (ONE + "<<: {log: {level: info}}", "2:1: file: merge keys (<<) are not allowed: write the values out"),
    "two-documents": (ONE + "---\nlog: {}", "2:1: file: a second document: one file holds one configuration"),
    "duplicate-key": (
        ONE + "log: {level: info, level: debug}",
        "2:20: log.level: stands twice: it is already on line 2",
    ),
    "duplicate-section": (ONE + "log: {}\napi: {}\nlog: {}", "4:1: log: stands twice: it is already on line 2"),
    "byte-order-mark": ("\ufeff" + ONE, "1:1: file: a byte order mark: save the file as UTF-8 without it"),
    "tab": ("clusters:\n\t- id: c9q", "2:1: file: a tab in the indentation: use spaces"),
    "tab-after-spaces": ("clusters:\n  \t- id: c9q", "2:3: file: a tab in the indentation: use spaces"),
    "nul": ("clusters: [{id: c\x009q}]", "1:18: file: the character U+0000 is not allowed"),
    "line-separator": (ONE + "# \u2028", "2:3: file: the character U+2028 is not allowed"),
    "escaped-nul": (
        'clusters: [{id: c9q, name: "a\\0b"}]',
        "1:28: clusters.0.name: holds a line break or another control character (here: 'a\\x00b')",
    ),
    "not-utf-8": (b"clusters: []\n# caf\xc3\xa9 \xff", "2:8: file: not UTF-8"),
    "latin-1": ("clusters: []\n# café".encode("latin-1"), "2:6: file: not UTF-8"),
    "too-big": (b"#" * (2**20 + 1), "1:1: file: cannot be read: larger than 1024 KiB"),
    "depth-3000": ("[" * 3000 + "]" * 3000, "1:21: 0" + ".0" * 19 + ": nested deeper than 20 levels"),
    "list-as-key": (ONE + "? [a]\n: b", "2:3: file: a key should be text, not a list or a mapping"),
    "unclosed": ("clusters: [{id: c9q", "2:1: file: not YAML: did not find expected ',' or '}'"),
    "bare-variable-in-braces": (
        "clusters: [{id: ${A}}]",
        "1:18: file: not YAML: did not find expected ',' or '}'; quote ${…} inside {…} or […]",
    ),
    "empty": ("", "1:1: file: is empty: it needs at least `clusters`"),
    "comments-only": ("# nothing\n", "1:1: file: is empty: it needs at least `clusters`"),
    "a-list": ("- clusters", "1:1: file: should be a mapping of keys and values"),
    "text": ("clusters", "1:1: file: should be a mapping of keys and values"),
}


@pytest.mark.parametrize("content, expected", SYNTAX.values(), ids=SYNTAX.keys())
def test_yaml_that_can_surprise_is_refused_at_its_place(
    problems: Problems, content: str | bytes, expected: str
) -> None:
    """Tags, anchors, merge keys, documents, double keys, odd bytes, size and depth name line and column."""
    found = problems(content)

    assert found == [f"config.yaml:{expected}"]


def test_an_alias_is_refused_beside_its_anchor(problems: Problems) -> None:
    """No alias at all, so nothing can grow out of a small file."""
    found = problems("clusters: [{id: c9q, labels: &a {x: w}}, {id: c9r, labels: *a}]")

    assert found == [
        "config.yaml:1:30: clusters.0.labels: anchors (&name) are not allowed",
        "config.yaml:1:60: clusters.1.labels: aliases (*name) are not allowed: write the value out",
    ]


SURPRISES = {
    "boolean-word": ("on", "true or false"),
    "norway": ("NO", "true or false"),
    "octal": ("0123", "different numbers"),
    "underscore": ("1_000", "different numbers"),
    "hexadecimal": ("0x1F", "different numbers"),
    "exponent": ("12e5", "different numbers"),
    "infinity": (".inf", "different numbers"),
    "plus": ("+1", "different numbers"),
    "too-long": ("1" * 30, "different numbers"),
    "base-60": ("12:30:45", "base 60"),
    "date": ("2026-11-24", "a date"),
    "instant": ("2026-11-24T05:00:00Z", "a date"),
    "value-mark": ("=", "a meaning of its own"),
}


@pytest.mark.parametrize("text, reading", SURPRISES.values(), ids=SURPRISES.keys())
def test_an_id_that_yaml_readers_take_for_something_else_must_be_quoted(
    problems: Problems, text: str, reading: str
) -> None:
    """Such an id is neither guessed at nor taken as text."""
    (found,) = problems(f"clusters:\n  - id: {text}")

    assert found.startswith("config.yaml:2:9: clusters.0.id: ")
    assert reading in found
    assert "quote it" in found


@pytest.mark.parametrize(
    "text, seen", [("12", "'12'"), ("1.5", "'1.5'"), ("true", "'true'")], ids=["integer", "decimal", "boolean"]
)
def test_a_number_or_boolean_where_text_belongs_must_be_quoted(problems: Problems, text: str, seen: str) -> None:
    """What all readers agree on is still not text."""
    found = problems(f"clusters: [{{id: c9q, name: {text}}}]")

    assert found == [f"config.yaml:1:28: clusters.0.name: should be text: quote it (here: {seen})"]


def test_null_where_text_belongs_is_refused(problems: Problems) -> None:
    """An id cannot be null."""
    found = problems("clusters: [{id: null}]")

    assert found == ["config.yaml:1:17: clusters.0.id: should be text (here: 'null')"]


@pytest.mark.parametrize("text", ["on", "0123", "12:30:45", "2026-11-24", "null"])
def test_a_quoted_value_is_always_text(load: Load, text: str) -> None:
    """The advice to quote helps."""
    config = load(f"clusters: [{{id: c9q, name: '{text}'}}]")

    assert config.clusters[0].name == text


@pytest.mark.parametrize("word", ["yes", "on", "Y", "off", "'yes'", "'1'", "1", "TRUE ish"])
def test_only_true_and_false_are_booleans(problems: Problems, word: str) -> None:
    """No other word silently switches anything on or off."""
    (found,) = problems(ONE + f"database: {{auto_migrate: {word}}}")

    assert found.startswith("config.yaml:2:26: database.auto_migrate: ")
    assert "true or false" in found


@pytest.mark.parametrize("setting", ["pool_size: true", "pool_size: '1_0'", "pool_size: ' 4'", "pool_size: 4.5"])
def test_only_decimal_numbers_are_numbers(problems: Problems, setting: str) -> None:
    """True is not 1, and 1_0 is not 10."""
    (found,) = problems(ONE + f"database: {{{setting}}}")

    assert found.startswith("config.yaml:2:23: database.pool_size: should be a ")


FRAGMENTS = st.sampled_from([
    "clusters:", "- id: ", "c9q", "\n", "  ", "\n  ", "${A}", "${B:-x}", "${", "}", "{", "[", "]", "'", '"', ": ", ", ",
    "&a ", "*a", "!!str ", "!", "? ", "- ", "---\n", "#", "|\n", ">-\n", "<<: ", "\\", "012", "on", "26h", "auth: ",
    "api:\n  ", "page_size: ", "\t", "\r", "\0", "\ufeff", "%YAML 1.1\n", "\u2028", "é", "log: ", "iam_token: ",
    "labels: ",
])  # fmt: skip


@given(content=st.one_of(st.text(), st.lists(FRAGMENTS, max_size=40).map("".join)))
@settings(max_examples=300, deadline=None)
def test_any_text_loads_or_is_refused_with_well_formed_problems(load: Load, content: str) -> None:
    """Nothing but a `Config` or a `ConfigError` ever comes out, and each problem has its place."""
    try:
        outcome: Config | list[str] = load(content.encode("utf-8", "surrogatepass"), {"A": "a\nb"})
    except ConfigError as exc:
        outcome = exc.problems

    assert isinstance(outcome, Config) or outcome
    lines = [] if isinstance(outcome, Config) else outcome
    assert all(re.fullmatch(r"[^:\n]+:[1-9][0-9]*:[1-9][0-9]*: [^:\s]+: [^\n\r]+", line) for line in lines)
