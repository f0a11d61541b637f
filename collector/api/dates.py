"""Dates in the headers of an answer. No I/O."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def parse_http_date(text: str) -> datetime | None:
    """
    Read an HTTP date (RFC 9110, section 5.6.7), or any that mails know.

    Returns:
        An instant with its offset; without one, or with `-0000`, it is meant in UTC. None: not a date.
    """
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
