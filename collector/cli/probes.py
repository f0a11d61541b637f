"""The probes of `collector check` that ask the API: what each cluster's list says, and what to do where it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from collector.api import Api
from collector.cli.advice import Circumstances, advise
from collector.cli.ending import CREDENTIAL, INCOMPLETE, REFUSED
from collector.cli.findings import Finding
from collector.cli.inspection import clock_finding
from collector.clusters import configured_clusters
from collector.errors import CollectorError, ListingError, UnreadableValue
from collector.parse import BackupParser
from collector.records import FOLDER_ID, RawRecords, Traffic

if TYPE_CHECKING:
    from collector.api import Credential, Endpoints
    from collector.cli.tape import Tape
    from collector.config import Config
    from collector.config.api import ApiSettings
    from collector.descriptions import Known
    from collector.records import Cluster

Depth = Literal["page", "listing"]
"""How much of each cluster's list is read."""

PROBE_S: Final = 20.0
"""How long one cluster's page may take: a person waits for it."""
RECORDED_PAGES_MAX: Final = 100
"""Of one list, where all are read."""
TRACE_ID: Final = "check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """How the clusters are looked at."""

    depth: Depth
    tape: Tape
    """Where the answers go."""
    endpoints: Endpoints | None = None
    """Where to call; None: where the configuration says."""
    folders: Mapping[str, str] = field(default_factory=dict)
    """By cluster, what the inventory remembers."""
    proxies: tuple[str, ...] = ()
    """Variables of the environment that name a proxy."""

    @property
    def pages_max(self) -> int:
        """How many pages of one list are read."""
        return 1 if self.depth == "page" else RECORDED_PAGES_MAX


@dataclass(slots=True)
class _Seen:
    """What one cluster's pages have shown until now."""

    pages: int = 0
    records: int = 0
    goes_on: bool = False
    folders: set[str] = field(default_factory=set)
    unreadable: list[UnreadableValue] = field(default_factory=list)


async def probe_clusters(
    config: Config, credential: Credential, lens: Lens, *, known: Iterable[Known] = ()
) -> AsyncIterator[Finding]:
    """
    Ask for each cluster's list, some at a time; yields in the configuration's order, a word on the clock last.

    Args:
        config: whose clusters are asked for.
        credential: as whom.
        lens: how closely.
        known: clusters that were found, to be asked for too.
    """
    settings = patience(config.api, lens)
    turns = asyncio.Semaphore(settings.concurrency)
    async with Api(settings, credential, trace_id=TRACE_ID, endpoints=lens.endpoints, witness=lens.tape.take) as api:
        probes = [
            asyncio.create_task(_probe_cluster(api, cluster, lens, turns=turns))
            for cluster in configured_clusters(config, known)
        ]
        try:
            for probe in probes:
                for finding in await probe:
                    yield finding
        finally:
            for probe in probes:
                probe.cancel()
            await asyncio.gather(*probes, return_exceptions=True)
    skewed = clock_finding(lens.tape.clock_ahead_s() or 0.0, "the API's clock", "a signed request is refused past it")
    if skewed is not None:
        yield skewed


def patience(settings: ApiSettings, lens: Lens) -> ApiSettings:
    """Ask for a page once, and not for long: a person waits. Whole lists are read as a sweep would."""
    if lens.depth == "listing":
        return settings
    return settings.model_copy(
        update={
            "attempts": 1,
            "listing_timeout_s": PROBE_S,
            "page_timeout_s": min(PROBE_S, settings.page_timeout_s),
        }
    )


async def _probe_cluster(api: Api, cluster: Cluster, lens: Lens, *, turns: asyncio.Semaphore) -> Sequence[Finding]:
    seen = _Seen()
    parser = BackupParser(cluster)
    try:
        async with turns, aclosing(api.list_backups(cluster, Traffic())) as pages:
            async for page in pages:
                _look_at(seen, parser, page.records)
                seen.goes_on = page.next_token is not None
                if seen.pages == lens.pages_max:
                    break
    except CollectorError as exc:
        return [_refused(exc, cluster, lens)]
    return list(_shortcomings(seen, cluster)) or [_listed(seen, cluster)]


def _look_at(seen: _Seen, parser: BackupParser, records: Sequence[bytes]) -> None:
    seen.pages += 1
    seen.records += len(records)
    for backup in parser.parse_all(RawRecords.of(records)):
        if isinstance(backup, UnreadableValue):
            seen.unreadable.append(backup)
        elif backup[FOLDER_ID]:
            seen.folders.add(str(backup[FOLDER_ID]))


def _refused(fault: CollectorError, cluster: Cluster, lens: Lens) -> Finding:
    return Finding(
        item="cluster",
        exit_code=REFUSED if fault.kind in CREDENTIAL else INCOMPLETE,
        text=f"{_name(cluster)}: {fault.kind}: {fault}",
        advice=advise(fault, cluster, _circumstances(cluster, lens)) if isinstance(fault, ListingError) else None,
        cluster_id=cluster.id,
        error=fault.kind,
    )


def _circumstances(cluster: Cluster, lens: Lens) -> Circumstances:
    answers = lens.tape.answers_about(cluster.id)
    return Circumstances(
        configured_folder=cluster.folder_id,
        stored_folder=lens.folders.get(cluster.id),
        answers_in_html=bool(answers) and "html" in (answers[-1].header("content-type") or "").lower(),
        proxies=lens.proxies,
    )


def _shortcomings(seen: _Seen, cluster: Cluster) -> Iterator[Finding]:
    if seen.unreadable:
        first = seen.unreadable[0]
        yield Finding(
            item="cluster",
            exit_code=INCOMPLETE,
            text=f"{_name(cluster)}: {len(seen.unreadable)} of {seen.records} backups cannot be read exactly: {first}",
            advice="they would be put aside in inventory.quarantine, and the listing be partial",
            cluster_id=cluster.id,
            error=first.kind,
        )
    if cluster.folder_id and seen.folders and cluster.folder_id not in seen.folders:
        said = ", ".join(sorted(seen.folders))
        yield Finding(
            item="cluster",
            exit_code=INCOMPLETE,
            text=f"{_name(cluster)}: configured in folder {cluster.folder_id}, but its backups are in {said}",
            advice="correct the cluster's key folder in the configuration, or leave it out",
            cluster_id=cluster.id,
        )


def _listed(seen: _Seen, cluster: Cluster) -> Finding:
    more = "more than " if seen.goes_on else ""
    return Finding(item="cluster", text=f"{_name(cluster)}: {more}{seen.records} backups", cluster_id=cluster.id)


def _name(cluster: Cluster) -> str:
    return f"{cluster.id} ({cluster.name})" if cluster.name else cluster.id
