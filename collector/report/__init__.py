"""
What people and machines are told: a sweep's summary, the verdicts on clusters, what a recording settles.

Values in, text out; no I/O.
"""

from __future__ import annotations

from collector.report.freshness import freshness_csv, freshness_json, freshness_sentence, freshness_table
from collector.report.inquiry import Inquiry, inquiry_json, inquiry_markdown
from collector.report.settling import Reply, Settled, settle
from collector.report.summary import failures, summary_object, summary_sentence, summary_table

__all__ = [
    "Inquiry",
    "Reply",
    "Settled",
    "failures",
    "freshness_csv",
    "freshness_json",
    "freshness_sentence",
    "freshness_table",
    "inquiry_json",
    "inquiry_markdown",
    "settle",
    "summary_object",
    "summary_sentence",
    "summary_table",
]
