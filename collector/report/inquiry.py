"""The report on a recording: what was asked of whom, and which questions the answers settle. No I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from collector.logs import escape_controls
from collector.report.settling import Settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What a report is made of."""

    facts: Mapping[str, str]
    """How the answers were got."""
    answers_by_cluster: Mapping[str, int]
    """Also by place, as `folder.b1g…`."""
    discovery: Sequence[Mapping[str, object]] = ()
    """The entries that led to places."""
    findings: Sequence[tuple[str, str]]
    """Whom it is about, and what was found."""
    settled: Sequence[Settled]


def inquiry_json(inquiry: Inquiry) -> str:
    """Write the report as one JSON object."""
    document = {
        **inquiry.facts,
        "answers_by_cluster": inquiry.answers_by_cluster,
        "discovery": list(inquiry.discovery),
        "findings": [{"about": about, "text": text} for about, text in inquiry.findings],
        "questions": [asdict(each) for each in inquiry.settled],
    }
    return json.dumps(document, indent=2) + "\n"


def inquiry_markdown(inquiry: Inquiry) -> str:
    """Write the report as a page: what is settled first, then what is not."""
    seen = [each for each in inquiry.settled if each.seen]
    unseen = [each for each in inquiry.settled if not each.seen]
    return "\n".join(
        [
            "# What the API answered\n",
            *_table(("fact", "value"), inquiry.facts.items()),
            *_table(
                ("asked about", "answers"), ((name, str(count)) for name, count in inquiry.answers_by_cluster.items())
            ),
            *_table(("about", "found"), inquiry.findings),
            "## Settled\n",
            *_table(("question", "answer: how often (where)"), ((each.question, each.answer) for each in seen)),
            "## Not seen\n",
            *(f"- {each.question}" for each in unseen),
            "",
        ]
    )


def _table(columns: tuple[str, str], rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"| {columns[0]} | {columns[1]} |"
    yield "|---|---|"
    for left, right in rows:
        yield f"| {_cell(left)} | {_cell(right)} |"
    yield ""


def _cell(text: str) -> str:
    return escape_controls(text).replace("\\|", "|").replace("|", "\\|")
