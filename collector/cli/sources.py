"""The probes of `collector check` that look at folders and clouds: may we list what a discovery will ask for?"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collector.api import Api
from collector.cli.advice import Circumstances, advise_anywhere
from collector.cli.ending import CREDENTIAL, INCOMPLETE, REFUSED
from collector.cli.findings import Finding
from collector.cli.probes import TRACE_ID, patience
from collector.descriptions import Known
from collector.errors import CollectorError, ListingError, UnreadableValue
from collector.parse import parse_cluster, parse_folder
from collector.places import cloud_ids, folder_sources, matches
from collector.records import Page, Traffic

if TYPE_CHECKING:
    from collector.api import Access
    from collector.cli.probes import Lens
    from collector.config import Config
    from collector.places import Entries
    from collector.sources import Source

_ADVICE: Final = {
    "permission_denied": (
        "grant the service account a role such as mdb.viewer on it, and for a cloud resource-manager.viewer too"
    ),
    "not_found": "no such folder or cloud: check its id, and that the credential belongs to its organization",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _List:
    """One list, and what is made of its records."""

    item: str
    name: str
    things: str
    pages: AsyncGenerator[Page, None]
    take: Callable[[bytes], None]
    known: Circumstances


@dataclass(slots=True)
class _Seen:
    """What its pages have shown until now."""

    pages: int = 0
    records: int = 0
    goes_on: bool = False
    unreadable: list[UnreadableValue] = field(default_factory=list)


async def probe_sources(config: Config, access: Access, lens: Lens, *, found: list[Known]) -> AsyncIterator[Finding]:
    """
    Look at each list, one after another: a configuration has few of them.

    Args:
        config: what is to be discovered.
        access: where to call, and as whom.
        lens: whether one page of each list is read, or all of them and then the folders of clouds too.
        found: takes up the clusters that are listed.
    """
    api = Api(
        patience(config.api, lens),
        access.credential,
        trace_id=TRACE_ID,
        endpoints=access.endpoints,
        witness=lens.tape.take,
    )
    async with api:
        folders: dict[str, list[str]] = {cloud_id: [] for cloud_id in cloud_ids(config.discovery)}
        for cloud_id, listed in folders.items():
            yield await _probe(_folders_of(cloud_id, api, lens, listed=listed), lens)
        reached = folders if lens.depth == "listing" else {}
        for source, entries in folder_sources(config.discovery, reached).items():
            yield await _probe(_clusters_of(source, api, lens, entries=entries, found=found), lens)


def _folders_of(cloud_id: str, api: Api, lens: Lens, *, listed: list[str]) -> _List:
    return _List(
        item="cloud",
        name=cloud_id,
        things="folders",
        pages=api.list_folders(cloud_id, Traffic()),
        take=lambda raw: listed.append(parse_folder(raw, cloud_id=cloud_id)),
        known=Circumstances(address="api.resource_manager_url or api.endpoints_from", proxies=lens.proxies),
    )


def _clusters_of(source: Source, api: Api, lens: Lens, *, entries: Entries, found: list[Known]) -> _List:
    folder_id, service = source.folder_id or "", source.service or ""

    def take(raw: bytes) -> None:
        description = parse_cluster(raw, service=service, folder_id=folder_id)
        found.append(Known(description, any(matches(entry, description) for entry in entries)))

    return _List(
        item="folder",
        name=f"{folder_id} ({service})",
        things="clusters",
        pages=api.list_clusters(folder_id, service, Traffic()),
        take=take,
        known=Circumstances(proxies=lens.proxies),
    )


async def _probe(asked: _List, lens: Lens) -> Finding:
    seen = _Seen()
    try:
        async with aclosing(asked.pages) as pages:
            async for page in pages:
                _look_at(seen, page, asked.take)
                if seen.pages == lens.pages_max:
                    break
    except CollectorError as exc:
        code = REFUSED if exc.kind in CREDENTIAL else INCOMPLETE
        text = f"{asked.name}: {exc.kind}: {exc}"
        return Finding(item=asked.item, exit_code=code, text=text, advice=_advise(exc, asked.known), error=exc.kind)
    if seen.unreadable:
        first = seen.unreadable[0]
        return Finding(
            item=asked.item,
            exit_code=INCOMPLETE,
            text=f"{asked.name}: {len(seen.unreadable)} of {seen.records} {asked.things} cannot be read: {first}",
            advice="they would be passed over, and nobody be taken for gone",
            error=first.kind,
        )
    more = "more than " if seen.goes_on else ""
    return Finding(item=asked.item, text=f"{asked.name}: {more}{seen.records} {asked.things}")


def _look_at(seen: _Seen, page: Page, take: Callable[[bytes], None]) -> None:
    seen.pages += 1
    seen.records += len(page.records)
    seen.goes_on = page.next_token is not None
    for raw in page.records:
        try:
            take(raw)
        except UnreadableValue as exc:
            seen.unreadable.append(exc)


def _advise(fault: CollectorError, known: Circumstances) -> str | None:
    if fault.kind in _ADVICE or not isinstance(fault, ListingError):
        return _ADVICE.get(fault.kind)
    return advise_anywhere(fault, known)
