"""
A recording: a new directory with the API's answers as they came, and a report on what they settle.

One folder for each cluster, and for each place where clusters are discovered (`folder.b1g…`, `cloud.b1g…`); of each
answer a file for its head (`0001.json`) and one for its body (`0001.body`). Only the owner may read them: they tell
names, sizes and ids. Refuses a directory that holds anything.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from collector import __version__
from collector.cli.findings import Finding
from collector.clusters import configured_clusters
from collector.errors import UsageError
from collector.report import Inquiry, Reply, inquiry_json, inquiry_markdown, settle

if TYPE_CHECKING:
    from collector.api import Exchange
    from collector.cli.tape import Tape
    from collector.config import Config, DiscoverySettings

FORMAT: Final = 1
"""Of the files; raised when a reader of old ones would misread new ones."""

_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Recording:
    """A directory that was empty when it was taken."""

    directory: Path

    @classmethod
    def begin(cls, directory: Path) -> Self:
        """
        Make the directory, or take an empty one.

        Raises:
            UsageError: it holds something, is no directory, or cannot be made.
        """
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            is_empty = not any(directory.iterdir())
        except OSError as exc:
            raise _failed(directory, exc) from None
        if not is_empty:
            raise UsageError(f"--record {directory}: not empty: a recording is never mixed with another")
        return cls(directory)

    def write(self, config: Config, tape: Tape, findings: Sequence[Finding], *, api_url: str) -> Finding:
        """
        Write all answers and the report, and say so.

        Args:
            config: whose clusters were asked for.
            tape: the answers.
            findings: what the check said of clusters and places.
            api_url: the address that was called.

        Raises:
            UsageError: the directory takes no more.
        """
        replies: list[Reply] = []
        try:
            for name in tape.names:
                exchanges = tape.answers_about(name)
                self._write_answers(name, exchanges)
                replies += _replies(name, exchanges)
            self._write_report(_inquiry(config, replies, findings, api_url=api_url, lost=tape.is_full))
        except OSError as exc:
            raise _failed(self.directory, exc) from None
        lost = "; more came than is kept" if tape.is_full else ""
        text = f"{self.directory}: {len(replies)} answers{lost}; report.md says what they settle"
        return Finding(item="recording", text=text)

    def _write_answers(self, name: str, exchanges: Sequence[Exchange]) -> None:
        folder = self.directory / name
        folder.mkdir(mode=0o700)
        for number, exchange in enumerate(exchanges, start=1):
            _write(folder / f"{number:04}.json", _head(exchange))
            _write(folder / f"{number:04}.body", exchange.body)

    def _write_report(self, inquiry: Inquiry) -> None:
        _write(self.directory / "report.json", inquiry_json(inquiry).encode())
        _write(self.directory / "report.md", inquiry_markdown(inquiry).encode())


def _head(exchange: Exchange) -> bytes:
    head = {
        "format": FORMAT,
        "method": "GET",
        "target": exchange.target,
        "received_at": _written(exchange.received_at),
        "status": exchange.status,
        "headers": exchange.headers,
    }
    return (json.dumps(head, indent=2) + "\n").encode()


def _replies(name: str, exchanges: Iterable[Exchange]) -> list[Reply]:
    return [Reply.read(f"{name}/{number:04}", name, exchange) for number, exchange in enumerate(exchanges, start=1)]


def _inquiry(
    config: Config, replies: Sequence[Reply], findings: Sequence[Finding], *, api_url: str, lost: bool
) -> Inquiry:
    counts = dict.fromkeys(map(str, (cluster.id for cluster in configured_clusters(config))), 0)
    for reply in replies:
        counts[reply.cluster_id] = counts.get(reply.cluster_id, 0) + 1
    said = [(finding.cluster_id or finding.item, finding.text) for finding in findings]
    facts = {
        "program": f"backup-inventory-collector {__version__}",
        "api": api_url,
        "page_size": str(config.api.page_size),
        "written_at": _written(datetime.now(UTC).timestamp()),
        "complete": "no: more came than is kept" if lost else "yes",
    }
    return Inquiry(
        facts=facts,
        answers_by_cluster=counts,
        discovery=[_entry(each) for each in config.discovery],
        findings=said,
        settled=settle(replies),
    )


def _entry(entry: DiscoverySettings) -> Mapping[str, object]:
    """Write an entry as the configuration would, so that whoever serves the recording again can ask for the same."""
    return entry.model_dump(mode="json", exclude_defaults=True)


def _written(instant_s: float) -> str:
    return datetime.fromtimestamp(instant_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, _FLAGS, 0o600), "wb") as file:
        file.write(content)


def _failed(directory: Path, error: OSError) -> UsageError:
    return UsageError(f"--record {directory}: {error.strerror}")
