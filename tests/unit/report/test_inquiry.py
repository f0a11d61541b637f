"""The report on a recording, for people and machines."""

from __future__ import annotations

import json

from collector.report import Inquiry, Settled, inquiry_json, inquiry_markdown

INQUIRY = Inquiry(
    facts={"api": "https://mdb.example", "complete": "yes"},
    answers_by_cluster={"c9qone": 2},
    findings=[("c9qone", "c9qone: 8 | backups\x1b")],
    settled=[
        Settled(key="ids", question="Colons?", seen=True, answer="with `:`: 1"),
        Settled(key="order", question="Which order?", seen=False, answer="not seen"),
    ],
)


def test_the_page_has_what_is_settled_apart_from_what_is_not() -> None:
    """The reader sees what is still to be recorded; foreign text breaks neither table nor terminal."""
    page = inquiry_markdown(INQUIRY)

    settled, _, unseen = page.partition("## Not seen")
    assert "| Colons? | with `:`: 1 |" in settled
    assert "- Which order?" in unseen
    assert "| c9qone | c9qone: 8 \\| backups\\x1b |" in settled


def test_the_json_holds_every_question() -> None:
    """With its key, by which two recordings can be compared."""
    document = json.loads(inquiry_json(INQUIRY))

    assert document["complete"] == "yes"
    assert document["answers_by_cluster"] == {"c9qone": 2}
    assert [(each["key"], each["seen"], each["answer"]) for each in document["questions"]] == [
        ("ids", True, "with `:`: 1"),
        ("order", False, "not seen"),
    ]
