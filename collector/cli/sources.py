"""The probes of `collector check` that look at folders and clouds: may we list what a discovery will ask for?"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from collector.api import Api
from collector.cli.advice import Circumstances, advise_anywhere
from collector.cli.ending import CREDENTIAL, INCOMPLETE, REFUSED
from collector.cli.findings import Finding
from collector.cli.probes import TRACE_ID, hurried
from collector.errors import CollectorError, ListingError
from collector.places import probed_sources
from collector.records import Page, Traffic

if TYPE_CHECKING:
    from collector.api import Access
    from collector.config import Config
    from collector.sources import Source

_ADVICE: Final = {
    "permission_denied": (
        "grant the service account a role such as mdb.viewer on it, and for a cloud resource-manager.viewer too"
    ),
    "not_found": "no such folder or cloud: check its id, and that the credential belongs to its organization",
}


async def probe_sources(config: Config, access: Access, *, proxies: tuple[str, ...]) -> AsyncIterator[Finding]:
    """
    Ask for one page of each list, once, one after another: a configuration has few of them.

    Args:
        config: what is to be discovered.
        access: where to call, and as whom.
        proxies: variables of the environment that name a proxy.
    """
    async with Api(hurried(config.api), access.credential, trace_id=TRACE_ID, endpoints=access.endpoints) as api:
        for source in probed_sources(config.discovery):
            yield await _probe_source(api, source, proxies)


async def _probe_source(api: Api, source: Source, proxies: tuple[str, ...]) -> Finding:
    if source.folder_id is None:
        cloud_id = source.cloud_id or ""
        known = Circumstances(address="api.resource_manager_url or api.endpoints_from", proxies=proxies)
        pages = api.list_folders(cloud_id, Traffic())
        return await _probe(pages, known, item="cloud", name=cloud_id, things="folders")
    service = source.service or ""
    pages = api.list_clusters(source.folder_id, service, Traffic())
    name = f"{source.folder_id} ({service})"
    return await _probe(pages, Circumstances(proxies=proxies), item="folder", name=name, things="clusters")


async def _probe(
    pages: AsyncGenerator[Page, None], known: Circumstances, *, item: str, name: str, things: str
) -> Finding:
    try:
        async with aclosing(pages):
            page = await anext(pages)
    except CollectorError as exc:
        code = REFUSED if exc.kind in CREDENTIAL else INCOMPLETE
        text = f"{name}: {exc.kind}: {exc}"
        return Finding(item=item, exit_code=code, text=text, advice=_advise(exc, known), error=exc.kind)
    more = "more than " if page.next_token else ""
    return Finding(item=item, text=f"{name}: {more}{len(page.records)} {things}")


def _advise(fault: CollectorError, known: Circumstances) -> str | None:
    if fault.kind in _ADVICE or not isinstance(fault, ListingError):
        return _ADVICE.get(fault.kind)
    return advise_anywhere(fault, known)
