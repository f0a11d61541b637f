"""What a check found: one line of text each, or one JSON object for all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from collector.cli.ending import DONE, INCOMPLETE, REFUSED, UNAVAILABLE
from collector.logs import escape_controls

Status = Literal["ok", "warning", "failed"]

_WORDS: Final[dict[Status, str]] = {"ok": "ok", "warning": "warn", "failed": "FAILED"}
_WORST_FIRST: Final = (REFUSED, UNAVAILABLE, INCOMPLETE, DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of one probe."""

    item: str
    """What was looked at: `database`, `cluster` …"""
    text: str
    exit_code: int = DONE
    """What the command must exit with at least; 0 where nothing keeps a run from succeeding."""
    advice: str | None = None
    """What to do about it; None: nothing."""
    cluster_id: str | None = None
    error: str | None = None
    """The kind of error, where it was one."""

    @property
    def status(self) -> Status:
        """Tell whether it is fine, worth a look, or keeps a run from succeeding."""
        if self.exit_code:
            return "failed"
        return "warning" if self.advice else "ok"

    def __str__(self) -> str:
        """Write it as a line."""
        text = f"{self.text} – {self.advice}" if self.advice else self.text
        return f"{_WORDS[self.status]:<6}  {self.item:<13}  {escape_controls(text)}"


def worst_code(findings: Iterable[Finding]) -> int:
    """Choose the exit code: that of the worst."""
    codes = {finding.exit_code for finding in findings}
    return next((code for code in _WORST_FIRST if code in codes), DONE)


def findings_json(findings: Sequence[Finding]) -> str:
    """Write all findings as one JSON object."""
    rows = [
        {
            "item": finding.item,
            "status": finding.status,
            "cluster_id": finding.cluster_id,
            "error": finding.error,
            "text": finding.text,
            "advice": finding.advice,
        }
        for finding in findings
    ]
    return json.dumps({"exit_code": worst_code(findings), "findings": rows}, indent=2)
