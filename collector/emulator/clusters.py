"""
One emulated cluster and its backups: scheduled ones that are made when asked for, until somebody edits the list.

Not a record of the product's: the emulator stands on its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from collector.emulator.backups import INSTANT_NS_MIN, EmulatedBackup
from collector.emulator.schedules import Schedule
from collector.errors import UsageError

Order = Literal["newest_first", "oldest_first", "by_id"]
"""How listings are ordered. The real API promises nothing; ids are drawn, so `by_id` is as good as shuffled."""


class Span(NamedTuple):
    """A stretch of a listing: records from `offset` (counted from 0), at most `limit`."""

    offset: int
    limit: int


@dataclass(slots=True, kw_only=True, eq=False)
class EmulatedCluster:
    """One managed database cluster. Its backups change through the fleet or the methods here, which count revisions."""

    id: str
    folder_id: str = "b1gemulated000000000"
    service: str = "opensearch"
    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    status: str = "RUNNING"
    health: str = "ALIVE"
    config: Mapping[str, object] = field(default_factory=dict)
    """The message `config` as it is served, such as `{"snapshotManagement": {"snapshotMaxAgeDays": "14"}}`."""
    created_at_ns: int | None = None
    refusal: int | None = None
    """The google.rpc code that every request about this cluster is answered with; None where it is served."""
    schedule: Schedule | None = None
    """What makes the automatic backups; None where all backups are added by hand."""
    now_ns: int = 0
    revision: int = field(default=0, init=False)
    """Counts the changes of the list of backups."""
    _edited: list[EmulatedBackup] | None = field(default=None, init=False, repr=False)
    """The whole list, newest first, from the first edit on; before that the schedule is the list."""

    @property
    def backups(self) -> tuple[EmulatedBackup, ...]:
        """All backups, newest first. Made anew at each call while only the schedule has filled the list."""
        return tuple(self._listed())

    def count(self) -> int:
        """Count the backups without making them."""
        return len(self._window()) if self._edited is None else len(self._edited)

    def read(self, span: Span, order: Order) -> list[EmulatedBackup]:
        """Read a stretch of the listing in the order asked for."""
        offset, end = span.offset, span.offset + span.limit
        if order == "by_id":
            return sorted(self._listed(), key=lambda backup: backup.id)[offset:end]
        if self._edited is not None:
            ordered = self._edited if order == "newest_first" else self._edited[::-1]
            return ordered[offset:end]
        hours = self._window()
        ordered_hours = hours[::-1] if order == "newest_first" else hours
        return [] if self.schedule is None else self.schedule.backups_at(ordered_hours[offset:end])

    def add_backups(self, backups: Iterable[EmulatedBackup]) -> None:
        """Add backups; an id that is there already is listed twice."""
        self._replace_list([*self._listed(), *backups])

    def remove_backup(self, backup_id: str) -> None:
        """
        Take a backup out of the listing.

        Raises:
            UsageError: there is none of this id.
        """
        left = [backup for backup in self._listed() if backup.id != backup_id]
        if len(left) == self.count():
            raise UsageError(f"cluster {self.id} has no backup {backup_id}")
        self._replace_list(left)

    def replace_backup(self, backup: EmulatedBackup) -> None:
        """
        Put a backup in the place of the one with the same id.

        Raises:
            UsageError: there is none of this id.
        """
        listed = self._listed()
        if all(known.id != backup.id for known in listed):
            raise UsageError(f"cluster {self.id} has no backup {backup.id}")
        self._replace_list([backup if known.id == backup.id else known for known in listed])

    def clear_backups(self) -> None:
        """Take all backups out of the listing; the schedule goes on making new ones."""
        self._replace_list([])

    def halt_schedule(self) -> None:
        """Make no new backup from now on. Those that exist expire as before."""
        if self.schedule is not None and self.schedule.halted_at_ns is None:
            self.schedule = replace(self.schedule, halted_at_ns=self.now_ns)

    def move_to(self, now_ns: int) -> None:
        """Let time pass: the schedule's new backups appear, those past their time expire, the others stay."""
        before = self._window()
        self.now_ns = now_ns
        after = self._window()
        if before == after:
            return
        if self._edited is None or self.schedule is None:
            self.revision += 1
            return
        # Only hours that are in one window are looked at: an id removed by hand does not come back.
        expired = {self.schedule.backup_id(hour) for hour in before if hour not in after}
        kept = [backup for backup in self._edited if backup.id not in expired]
        new = self.schedule.backups_at(range(max(before.stop, after.start), after.stop))
        self._replace_list([*kept, *new])

    def _window(self) -> range:
        return range(0) if self.schedule is None else self.schedule.window(self.now_ns)

    def _listed(self) -> list[EmulatedBackup]:
        if self._edited is not None:
            return self._edited
        return [] if self.schedule is None else self.schedule.backups_at(self._window()[::-1])

    def _replace_list(self, backups: list[EmulatedBackup]) -> None:
        self._edited = sorted(backups, key=completed_at, reverse=True)
        self.revision += 1


def completed_at(backup: EmulatedBackup) -> int:
    """Tell when a backup was completed, to sort by: one without an instant is the oldest."""
    return INSTANT_NS_MIN - 1 if backup.created_at_ns is None else backup.created_at_ns
