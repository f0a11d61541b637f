"""Scalars are read as all YAML readers read them, or not at all; variables are replaced once."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.config.scalars import find_surprise, interpolate, read_plain

RESOLVER: Any = yaml.SafeLoader("")
NUMBERISH = st.text("0123456789_.:+-eExXobaftTZinINyYsSoOnN~=<", max_size=12)


@given(text=NUMBERISH)
@settings(max_examples=300, deadline=None)
def test_text_is_text_to_yaml_1_1_readers_too_unless_it_is_a_surprise(text: str) -> None:
    """PyYAML's own resolver, the oracle, agrees on every type that is given without a complaint."""
    if find_surprise(text) is not None:
        return

    tag = RESOLVER.resolve(yaml.ScalarNode, text, (True, False))

    types = {"str": str, "int": int, "float": float, "bool": bool, "null": type(None)}
    assert isinstance(read_plain(text), types[tag.rpartition(":")[2]])


@given(text=st.one_of(st.integers(-(10**18) + 1, 10**18 - 1), st.decimals(-1000, 1000, places=3)).map(str))
def test_plain_decimal_numbers_are_no_surprise(text: str) -> None:
    """Whole and decimal numbers in their usual spelling are numbers."""
    number = read_plain(text)

    assert find_surprise(text) is None
    assert number == (float(text) if "." in text else int(text))


@pytest.mark.parametrize(
    "text, env, expected",
    [
        ("${A}", {"A": "x"}, "x"),
        ("a${A}b${B}c", {"A": "1", "B": "2"}, "a1b2c"),
        ("${A:-d}", {}, "d"),
        ("${A:-d}", {"A": ""}, "d"),
        ("${A:-d}", {"A": "x"}, "x"),
        ("${A:-}", {}, ""),
        ("${A:-:-b}", {}, ":-b"),
        ("${A}", {"A": ""}, ""),
        ("${A}", {"A": "${B}", "B": "x"}, "${B}"),
        ("$${A}", {"A": "x"}, "${A}"),
        ("$$${A}", {"A": "x"}, "$${A}"),
        ("$A $5 $", {"A": "x"}, "$A $5 $"),
    ],
    ids=str,
)
def test_variables_are_replaced_once(text: str, env: dict[str, str], expected: str) -> None:
    """`${NAME}`, `${NAME:-default}` and the escape `$${`; what is put in is not looked at again."""
    expanded = interpolate(text, env)

    assert (expanded.text, expanded.problems) == (expected, ())


@pytest.mark.parametrize(
    "text, literal",
    [("a${A}b", "ab"), ("${A:-d}", "d"), ("$${A}", "${A}"), ("plain", "plain")],
    ids=["variable", "default", "escape", "plain"],
)
def test_the_literal_part_is_what_stands_in_the_file(text: str, literal: str) -> None:
    """What comes from the environment is left out, whatever it holds."""
    expanded = interpolate(text, {"A": "from outside"})

    assert expanded.literal == literal


@given(text=st.text(), value=st.text())
def test_text_without_a_dollar_brace_is_unchanged(text: str, value: str) -> None:
    """Only `${` begins anything."""
    text = text.replace("${", "")

    expanded = interpolate(text, {"A": value})

    assert (expanded.text, expanded.changed, expanded.problems) == (text, False, ())
