"""What the backups themselves settle: how times, numbers and defaults are written, and which backups are listed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from collector.errors import UnreadableValue
from collector.report.settling.replies import Reply, counted, listings_of, records_of, short
from collector.services import COMMON, Kind, service_at
from collector.timestamps import Timestamp, parse_timestamp

NAMES_DOCUMENTED: Final = 100
AGE_DOCUMENTED: Final = timedelta(days=14)

_FRACTION: Final = re.compile(r":\d\d(?:\.(\d+))?(Z|z|[+-]\d\d:\d\d)?$")
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


def fraction_digits(replies: Sequence[Reply]) -> str | None:
    """Count the digits of fractions of a second."""
    return counted((f"{len(match[1] or '')} digits", place) for match, place in _instants(replies) if match)


def offsets(replies: Sequence[Reply]) -> str | None:
    """Count the forms in which offsets are written."""
    return counted((f"`{match[2] or 'none'}`" if match else "unreadable", place) for match, place in _instants(replies))


def int64_form(replies: Sequence[Reply]) -> str | None:
    """Count how 64-bit numbers are written."""
    return counted(
        ("string" if isinstance(record[name], str) else type(record[name]).__name__, reply.place)
        for reply, record in records_of(replies)
        for name in _documented(reply, "int64")
        if name in record
    )


def defaults_in_records(replies: Sequence[Reply]) -> str | None:
    """Count fields of a default value that are printed, and fields that are left out."""
    forms: list[tuple[str, str]] = []
    for reply, record in records_of(replies):
        for name in sorted(_documented(reply)):
            if name not in record:
                forms.append((f"`{name}` left out", reply.place))
            elif record[name] in ("", "0", 0, None, []):
                forms.append((f"`{name}` printed as `{short(str(record[name]))}`", reply.place))
    return counted(forms)


def unknown_fields(replies: Sequence[Reply]) -> str | None:
    """Name the fields that the documentation does not have."""
    return counted(
        (f"`{short(name)}`", reply.place)
        for reply, record in records_of(replies)
        for name in record
        if name not in _documented(reply)
    )


def index_names(replies: Sequence[Reply]) -> str | None:
    """Compare how many indices are named with how many are counted."""
    forms: list[tuple[str, str]] = []
    for reply, record in records_of(replies):
        names, total = record.get("indices", []), _number(record.get("indicesTotal"))
        if not isinstance(names, list) or total is None:
            continue
        if total > len(names):
            order = "sorted" if names == sorted(map(str, names)) else "not sorted"
            forms.append((f"{len(names)} named of more, {order}", reply.place))
        elif len(names) >= NAMES_DOCUMENTED:
            forms.append((f"all of {NAMES_DOCUMENTED} or more named", reply.place))
    return counted(forms)


def ids(replies: Sequence[Reply]) -> str | None:
    """Count the forms of ids."""
    return counted(
        ("with `:`" if ":" in backup_id else "without `:`", reply.place)
        for reply, record in records_of(replies)
        if isinstance(backup_id := record.get("id"), str)
    )


def repeated_ids(replies: Sequence[Reply]) -> str | None:
    """Tell whether an id stands twice in a listing."""
    forms: list[tuple[str, str]] = []
    for cluster_id, records in listings_of(replies).items():
        names = [str(record.get("id")) for record in records]
        forms.append(("an id twice" if len(set(names)) < len(names) else "every id once", cluster_id))
    return counted(forms)


def foreign_records(replies: Sequence[Reply]) -> str | None:
    """Tell whose records are listed."""
    return counted(
        ("of the cluster" if source == reply.cluster_id else "of another cluster", reply.place)
        for reply, record in records_of(replies)
        if (source := record.get("sourceClusterId"))
    )


def order(replies: Sequence[Reply]) -> str | None:
    """Tell in which order the backups of each cluster come."""
    forms = []
    for cluster_id, records in listings_of(replies).items():
        instants = [at for record in records if (at := _instant(record, "createdAt")) is not None]
        if len(set(instants)) > 1:
            forms.append((_direction(instants), cluster_id))
    return counted(forms)


def in_progress(replies: Sequence[Reply]) -> str | None:
    """Find backups that look unfinished."""
    return counted(
        (form, reply.place)
        for reply, record in records_of(replies)
        if (form := _unfinished(record, _present(reply))) is not None
    )


def beyond_retention(replies: Sequence[Reply]) -> str | None:
    """Find backups older than automatic ones are documented to be kept."""
    return counted(
        (f"older than {AGE_DOCUMENTED.days} days", reply.place)
        for reply, record in records_of(replies)
        if (created := _instant(record, "createdAt")) is not None
        and (present := _present(reply)) is not None
        and _EPOCH + timedelta(microseconds=created.us) < present - AGE_DOCUMENTED
    )


QUESTIONS: Final[Sequence[tuple[str, str, Callable[[Sequence[Reply]], str | None]]]] = (
    ("fraction_digits", "How many digits do fractions of a second have?", fraction_digits),
    ("offsets", "In which forms is the offset of a time written?", offsets),
    ("int64", "Are 64-bit numbers strings or numbers?", int64_form),
    ("defaults_in_records", "Are fields with a default value printed or left out?", defaults_in_records),
    ("unknown_fields", "Which fields are not documented?", unknown_fields),
    ("index_names", "Are index names cut at 100, and which are kept?", index_names),
    ("ids", "Do backup ids hold a colon?", ids),
    ("repeated_ids", "Does an id come twice in one listing?", repeated_ids),
    ("foreign_records", "Whose backups does a cluster's list hold?", foreign_records),
    ("order", "In which order do backups come?", order),
    ("in_progress", "Are backups listed while they are being made?", in_progress),
    ("beyond_retention", "Are (manual) backups older than 14 days listed?", beyond_retention),
)


def _documented(reply: Reply, kind: Kind | None = None) -> tuple[str, ...]:
    """Name the fields that a backup of the answer's service has; of one kind, or all."""
    service = service_at(reply.exchange.target)
    fields = COMMON if service is None else service.fields
    return tuple(field.name for field in fields if kind in {None, field.kind})


def _instants(replies: Sequence[Reply]) -> Iterator[tuple[re.Match[str] | None, str]]:
    for reply, record in records_of(replies):
        for name in _documented(reply, "instant"):
            if isinstance(text := record.get(name), str):
                yield _FRACTION.search(text), reply.place


def _instant(record: Mapping[str, object], name: str) -> Timestamp | None:
    text = record.get(name)
    try:
        return parse_timestamp(text) if isinstance(text, str) else None
    except UnreadableValue:
        return None


def _present(reply: Reply) -> datetime | None:
    """The instant of an answer: by the server's clock, else by ours."""
    try:
        return datetime.fromtimestamp(reply.exchange.dated_at or reply.exchange.received_at, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _number(value: object) -> int | None:
    try:
        return int(value) if isinstance(value, (str, int)) else None
    except ValueError:
        return None


def _direction(instants: Sequence[Timestamp]) -> str:
    ascending = sorted(instants)
    if list(instants) == ascending:
        return "oldest first"
    return "newest first" if list(instants) == ascending[::-1] else "neither by age"


def _unfinished(record: Mapping[str, object], present: datetime | None) -> str | None:
    started, created = _instant(record, "startedAt"), _instant(record, "createdAt")
    if not record.get("createdAt"):
        return "without `createdAt`"
    if created is None:
        return None
    if started is not None and created <= started:
        return "`createdAt` not after `startedAt`"
    if present is not None and _EPOCH + timedelta(microseconds=created.us) > present:
        return "`createdAt` in the future"
    return None
