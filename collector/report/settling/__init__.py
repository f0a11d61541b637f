"""
Which open questions about the live API a recording settles. Pure.

Nothing here judges an answer: what the documents do not say, or say twice, is counted as it was seen.
"""

from __future__ import annotations

from collections.abc import Sequence

from collector.report.settling import answers, places, records
from collector.report.settling.replies import NOT_SEEN, Reply, Settled

__all__ = ["Reply", "Settled", "settle"]


def settle(replies: Sequence[Reply]) -> list[Settled]:
    """Put every question to these answers, in the order in which they came."""
    settled = []
    for key, question, ask in (*answers.QUESTIONS, *records.QUESTIONS, *places.QUESTIONS):
        answer = ask(replies)
        settled.append(Settled(key=key, question=question, seen=answer is not None, answer=answer or NOT_SEEN))
    return settled
