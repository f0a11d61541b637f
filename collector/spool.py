"""
Where a listing waits until it has ended: in memory up to a limit, then in a temporary file.

It keeps the records' bytes as received and a fingerprint of each. Nothing is decoded here, and
nothing of it outlives the listing.
"""

from __future__ import annotations

import hashlib
import tempfile
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from itertools import accumulate, count, islice
from operator import add
from typing import TYPE_CHECKING

from collector.errors import SpoolError
from collector.fingerprints import FINGERPRINT_BYTES, fingerprint_all
from collector.records import RawRecords

if TYPE_CHECKING:
    from types import TracebackType

    from collector.records import Page


class Spool(AbstractContextManager["Spool"]):
    """The records of one listing, in the order they came."""

    def __init__(
        self, memory_bytes: int, fingerprint_all: Callable[[Sequence[bytes]], list[bytes]] = fingerprint_all
    ) -> None:
        """Hold up to `memory_bytes` of records in memory; `fingerprint_all` digests each record to 16 bytes."""
        # To the library, 0 means that nothing is too much.
        self._file = tempfile.SpooledTemporaryFile(max_size=max(memory_bytes, 1))  # noqa: SIM115 - closed in __exit__
        self._fingerprint_all = fingerprint_all
        self._ends = array("Q", [0])  # each with the comma that follows
        self._pages: list[bytes] = []
        self.fingerprints: list[bytes] = []

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget everything."""
        # Closing writes what is still buffered, and a full disk would refuse that once more.
        with suppress(OSError):
            self._file.close()

    def __len__(self) -> int:
        """Count the records on all pages."""
        return len(self.fingerprints)

    def add(self, page: Page) -> None:
        """
        Append one page.

        Raises:
            SpoolError: the temporary file cannot be written.
        """
        self._pages.append(page.digest)
        records = page.records
        piece = b",".join([b"", *records] if len(self) and records else records)
        lengths = accumulate(map(len, records), initial=self._ends[-1])
        self._ends.extend(map(add, islice(lengths, 1, None), count(1)))
        self.fingerprints.extend(self._fingerprint_all(records))
        try:
            self._file.write(piece)
            self._file.flush()
        except OSError as exc:
            message = (
                f"the temporary file for a listing of {self._ends[-1] - 1} bytes cannot be written: {exc.strerror}"
            )
            raise SpoolError(message) from exc

    def read(self, positions: Sequence[int]) -> RawRecords:
        """
        Give back the records at these ascending positions (0 is the first), each as received.

        They are read in one piece, so ask for a bounded number. No `add` may follow.
        """
        ends = self._ends
        pieces: list[bytes] = []
        read_ends: list[int] = []
        read = 0
        for run in _runs(positions):
            begin = ends[run.start]
            self._file.seek(begin)
            pieces.append(self._file.read(ends[run.stop] - begin - 1))
            shift = begin - read + 1
            read_ends += [end - shift for end in ends[run.start + 1 : run.stop + 1]]
            read += ends[run.stop] - begin
        return RawRecords(b",".join(pieces), read_ends)

    def digest(self) -> bytes:
        """
        Digest the listing to 16 bytes: two with the same digest list the same backups.

        Of a single page it is the page's own. Of several it is over the set of records, in whatever order they
        came, and how many were repeated: the API documents no order, and page tokens may differ each time.
        """
        if len(self._pages) == 1:
            return self._pages[0]
        distinct = sorted(set(self.fingerprints))
        repeated = len(self.fingerprints) - len(distinct)
        return hashlib.blake2b(b"".join(distinct) + b"%d" % repeated, digest_size=FINGERPRINT_BYTES).digest()


class Share:
    """The part of a spool's records that one cluster of many may own. Lives as long as the spool."""

    def __init__(self, spool: Spool, positions: Sequence[int]) -> None:
        """Take the records at these positions, which ascend."""
        self._spool = spool
        self._positions = positions
        self.fingerprints = [spool.fingerprints[position] for position in positions]

    def __len__(self) -> int:
        """Count the records."""
        return len(self._positions)

    def read(self, positions: Sequence[int]) -> RawRecords:
        """Give back the records at these positions of the share, as `Spool.read` does."""
        return self._spool.read([self._positions[position] for position in positions])

    def digest(self) -> None:
        """Digest nothing: what a part of another list held is no proof that a cluster's own list is unchanged."""


def _runs(positions: Sequence[int]) -> Iterator[range]:
    """Cut ascending positions into ranges of neighbours."""
    start = 0
    for number in range(1, len(positions) + 1):
        if number == len(positions) or positions[number] != positions[number - 1] + 1:
            yield range(positions[start], positions[number - 1] + 1)
            start = number
