"""Events become plain data, the same with both of PyYAML's parsers."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.config.nodes import DEFAULT_LOADER, read_document
from collector.config.problems import Position
from collector.config.scalars import find_surprise

LOADERS: dict[str, Any] = {"default": DEFAULT_LOADER, "python": yaml.SafeLoader}

# PyYAML leaves `y`, `0o7` and `1e3` unquoted; readers of other versions take them for something else.
TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8).filter(
    lambda text: not find_surprise(text) and "${" not in text
)
TREES = st.recursive(
    st.one_of(TEXT, st.integers(-(10**17), 10**17), st.booleans(), st.none()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("loader", LOADERS.values(), ids=LOADERS.keys())
@given(tree=st.dictionaries(TEXT, TREES, max_size=3))
@settings(max_examples=60, deadline=None)
def test_what_pyyaml_writes_is_read_back(tree: dict[str, object], loader: Any) -> None:
    """Any tree of text, numbers, booleans and nulls survives, whatever style it was written in."""
    text = yaml.safe_dump(tree, allow_unicode=True)

    document = read_document(text, {}, loader=loader)

    assert (document.root, document.problems) == (tree, [])


@pytest.mark.parametrize("loader", LOADERS.values(), ids=LOADERS.keys())
def test_each_key_and_value_has_its_place(loader: Any) -> None:
    """Lines and columns count from 1, columns in characters."""
    document = read_document("é: {a: [x, 'y']}\nb:\n  - c: 1\n", {}, loader=loader)

    assert document.keys == {
        ("é",): Position(1, 1),
        ("é", "a"): Position(1, 5),
        ("b",): Position(2, 1),
        ("b", 0, "c"): Position(3, 5),
    }
    assert document.values["é", "a", 1] == Position(1, 12)
    assert document.values["b", 0, "c"] == Position(3, 8)


@pytest.mark.parametrize("loader", LOADERS.values(), ids=LOADERS.keys())
@pytest.mark.parametrize(
    "text",
    ['a: "\\UFFFFFFFF"', "a: [", "a: b: c", "%TAG ! x", "a: *unknown", "@", "a: 'b", "&a &b c", "[a]: {b", "- a\nb: c"],
)
def test_broken_yaml_is_a_problem_with_a_place(loader: Any, text: str) -> None:
    """Neither parser lets an exception out."""
    document = read_document(text, {}, loader=loader)

    assert document.problems
    assert all(problem.position >= (1, 1) for problem in document.problems)


def test_a_way_that_is_not_in_the_file_has_the_place_of_its_deepest_part() -> None:
    """What is missing is reported where it would stand."""
    document = read_document("a:\n  - b: 1\n", {})

    assert document.place(("a", 0, "missing", "deeper")) == Position(2, 5)
    assert document.place(("z",)) == Position(1, 1)
