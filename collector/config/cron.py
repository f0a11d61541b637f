"""
When to sweep, as text: a cron expression of five fields and a time zone. Read here, so that a mistake has a line.

Refused: a sixth field (seconds), dates that never come, and zones that this machine does not know.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator

_ALIASES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def parse_cron(text: str) -> str:
    """Read a cron expression as its five fields. Raises ValueError."""
    fields = _ALIASES.get(text.strip().lower(), text).split()
    if text.strip().startswith("@") and len(fields) != 5:
        raise ValueError(f"should be five fields, or one of {', '.join(_ALIASES)}")
    if len(fields) != 5:
        raise ValueError(
            f"should have five fields: minute, hour, day of month, month, day of week (it has {len(fields)})"
        )
    expression = " ".join(fields)
    try:
        # The first run is looked for, since a date that never comes is told only by looking.
        next(CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError as exc:
        raise ValueError(f"is no cron expression: {str(exc).lower()}") from None
    except StopIteration:
        raise ValueError("is a date that never comes") from None
    return expression


def parse_timezone(text: str) -> str:
    """Accept the name of a time zone of the IANA database. Raises ValueError."""
    try:
        ZoneInfo(text)
    except (OSError, ValueError, LookupError):  # a folder, a path, an unknown name
        raise ValueError("should be a time zone such as UTC or Europe/Berlin") from None
    return text


Cron = Annotated[str, AfterValidator(parse_cron)]
TimeZone = Annotated[str, AfterValidator(parse_timezone)]
