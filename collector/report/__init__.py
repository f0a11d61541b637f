"""What people and machines are told: a sweep's summary, and the verdicts on clusters. Values in, text out; no I/O."""

from __future__ import annotations

from collector.report.freshness import freshness_csv, freshness_json, freshness_sentence, freshness_table
from collector.report.summary import failures, summary_object, summary_sentence, summary_table

__all__ = [
    "failures",
    "freshness_csv",
    "freshness_json",
    "freshness_sentence",
    "freshness_table",
    "summary_object",
    "summary_sentence",
    "summary_table",
]
