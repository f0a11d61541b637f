"""Each line of the threat model's checklist is held by tests, which exist."""

from __future__ import annotations

import re

from tests.documents.pages import page


def test_every_line_of_the_checklist_names_a_test() -> None:
    """That the tests exist is looked at for all documents alike."""
    _, _, checklist = page("docs/threat-model.md").text.partition("## The checklist\n")
    lines = re.findall(r"^\| (?!area|---)(.+) \| .+ \| (.+) \|$", checklist, re.MULTILINE)

    assert len(lines) >= 22
    assert [area for area, shown in lines if not re.fullmatch(r"`test_\w+`(, `test_\w+`)*", shown)] == []
