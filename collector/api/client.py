"""
The API as the program uses it: lists, page by page, to the proper end or an error.

The parts are elsewhere: `transport` sends, `pages` reads, `paging` decides whether to go on and `retry` whether to try
again. Here is their order, and the listing's deadline over all of it. Nothing here ends a listing but its last page.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncGenerator
from contextlib import nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

import stamina
import structlog
from aiolimiter import AsyncLimiter

from collector.api.auth import Credential
from collector.api.endpoints import Endpoints
from collector.api.lists import List, Places, backups_of, clusters_of, folders_of
from collector.api.pages import parse_page
from collector.api.paging import Paging
from collector.api.retry import RetryBudget, RetrySchedule
from collector.api.transport import Transport
from collector.api.witness import Witness
from collector.errors import DeadlineExceeded, ListingError, Throttled, Unauthenticated
from collector.records import Cluster, Folder, Page, Traffic
from collector.traces import span

if TYPE_CHECKING:
    from collector.config.api import ApiSettings

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class _Listing:
    """One listing under way."""

    what: List
    traffic: Traffic
    ends_at: float
    """By the loop's clock."""
    known: bytes | None
    is_sent: bool = False
    """Whether the try under way has come to a request; before it does, a token service is at fault."""
    last_fault: str | None = None


class Api:
    """
    One sweep's way to the API: an async context manager, used by all of the sweep's listings at once.

    The retry budget, the rate and the sweep's deadline are counted from its start, so the next sweep takes a new one.
    """

    def __init__(
        self,
        settings: ApiSettings,
        credential: Credential,
        *,
        trace_id: str,
        endpoints: Endpoints | None = None,
        rng: random.Random | None = None,
        witness: Witness | None = None,
    ) -> None:
        """
        Open nothing yet.

        Args:
            settings: the configuration's section `api`.
            credential: whose token goes with every request.
            trace_id: sent with every request as `x-client-trace-id`; the provider's support asks for it.
            endpoints: where to call; None: where the settings say.
            rng: spreads the retries and makes the request ids.
            witness: sees every whole answer with all its headers.
        """
        self._settings = settings
        self._places = Places(endpoints or Endpoints.configured(settings), settings.page_size)
        self._credential = credential
        self._trace_id = trace_id
        self._rng = rng or random.Random()
        self._budget = RetryBudget(settings.retry_budget)
        self._schedule = RetrySchedule.of(settings)
        self._transport = Transport(
            self._places.endpoints.mdb_url,
            self._places.endpoints.resource_manager_url,
            connections=settings.concurrency,
            connect_timeout_s=settings.connect_timeout_s,
            page_timeout_s=settings.page_timeout_s,
            body_bytes_max=settings.page_bytes_max,
            witness=witness,
        )
        self._pace: AsyncLimiter | nullcontext[None] = nullcontext()
        self._ends_at = 0.0

    @property
    def requests(self) -> int:
        """All requests of the sweep until now."""
        return self._budget.requests

    @property
    def retries(self) -> int:
        """How many of them were retries."""
        return self._budget.retries

    async def __aenter__(self) -> Self:
        if self._settings.requests_per_second is not None:
            # One request an interval: a bucket of N a second would let nearly 2 N through in its first.
            self._pace = AsyncLimiter(1, 1 / self._settings.requests_per_second)
        self._ends_at = asyncio.get_running_loop().time() + self._settings.sweep_timeout_s
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.__aexit__(kind, error, trace)

    def list_backups(
        self, source: Cluster | Folder, traffic: Traffic, *, known: bytes | None = None
    ) -> AsyncGenerator[Page, None]:
        """
        List a cluster's backups, or all of a folder's, first page to last.

        Args:
            source: whose list is read.
            traffic: what this listing costs is counted here while it runs, also when it fails.
            known: the digest of the only page of an earlier listing. If that is what comes, it comes unread: a
                single page with this digest and no records.

        Raises:
            ListingError: one of its kinds. Whatever was yielded before it proves nothing.
            CredentialError: the token cannot be read any more.
        """
        return self._list(backups_of(source, self._places), traffic, known=known)

    def list_clusters(self, folder_id: str, service: str, traffic: Traffic) -> AsyncGenerator[Page, None]:
        """List a folder's clusters of one service, as `list_backups` lists backups."""
        return self._list(clusters_of(folder_id, service, self._places), traffic)

    def list_folders(self, cloud_id: str, traffic: Traffic) -> AsyncGenerator[Page, None]:
        """List a cloud's folders, as `list_backups` lists backups."""
        return self._list(folders_of(cloud_id, self._places), traffic)

    async def _list(self, what: List, traffic: Traffic, *, known: bytes | None = None) -> AsyncGenerator[Page, None]:
        now = asyncio.get_running_loop().time()
        ends_at = min(now + self._settings.listing_timeout_s, self._ends_at)
        listing = _Listing(what=what, traffic=traffic, ends_at=ends_at, known=known)
        limits = self._settings
        paging = Paging(pages_max=limits.pages_max, items_max=limits.items_max, things=what.key)
        token: str | None = None
        while True:
            page = await self._fetch_in_time(listing, token)
            traffic.pages += 1
            token = paging.next_token(page.next_token, records=len(page.records))
            yield page
            if token is None:
                return

    async def _fetch_in_time(self, listing: _Listing, token: str | None) -> Page:
        try:
            async with asyncio.timeout_at(listing.ends_at):
                return await self._fetch(listing, token)
        except TimeoutError:
            # Raised below, outside: the frames of what was cut off hold the token.
            pass
        raise DeadlineExceeded(self._overdue(listing))

    async def _fetch(self, listing: _Listing, token: str | None) -> Page:
        """Get one page, with as many tries as the schedule and the budget allow."""
        address = listing.what.address(token)
        try:
            return await self._ask(listing, address, token)
        except ListingError as exc:
            first = exc  # handled below, outside: what fails again is not to drag this one along as its context
        return await self._ask_again(listing, address, token, first=first)

    async def _ask_again(self, listing: _Listing, address: str, token: str | None, *, first: ListingError) -> Page:
        """Go on after a first failure. Nearly no request gets here, so that none pays for what retrying costs."""
        tries = 0

        def pause_s(exc: Exception) -> bool | float:
            return self._pause_s(listing, exc, attempt=tries)

        async for attempt in stamina.retry_context(on=pause_s, attempts=self._schedule.attempts, timeout=None):
            tries = attempt.num
            with attempt:
                if tries == 1:
                    raise first
                return await self._ask(listing, address, token)
        raise AssertionError("a retry ends with a page or an error")

    async def _ask(self, listing: _Listing, address: str, token: str | None) -> Page:
        """Ask once; and once more with another token of the credential, where the first was refused."""
        version = self._credential.version
        try:
            return await self._send(listing, address, token)
        except Unauthenticated as exc:
            refusal = exc  # handled below, outside, as in `_fetch`
        if not await self._credential.renew(version):
            raise refusal
        return await self._send(listing, address, token)

    async def _send(self, listing: _Listing, address: str, token: str | None) -> Page:
        """Send one request, in turn."""
        traffic, credential = listing.traffic, self._credential
        headers = {"x-request-id": self._request_id(), "x-client-trace-id": self._trace_id}
        listing.is_sent = False
        try:
            await credential.token()  # Where there is none, nothing is sent: no turn is taken, nothing counted.
            async with self._pace:
                self._budget.count_request()
                traffic.requests += 1
            listing.is_sent = True
            with span("page", url=address, request_id=headers["x-request-id"]) as traced:
                answer = await self._transport.get(address, credential=credential, headers=headers, traffic=traffic)
                traced.set(status=answer.status)
                traffic.server_request_id = answer.request_id or traffic.server_request_id
                return parse_page(answer, page_token=token, known=listing.known, key=listing.what.key)
        except ListingError as exc:
            listing.last_fault = str(exc)
            traffic.server_request_id = exc.request_id or traffic.server_request_id
            traffic.throttles += exc.kind == Throttled.kind
            raise

    def _pause_s(self, listing: _Listing, exc: Exception, *, attempt: int) -> bool | float:
        """Answer stamina's question: False is no retry, a number the pause before it."""
        remaining_s = listing.ends_at - asyncio.get_running_loop().time()
        wait_s = self._schedule.wait_s(exc, attempt=attempt, remaining_s=remaining_s, rng=self._rng)
        # The budget spares the API; a token service that is away has a guard of its own.
        if wait_s is None or not isinstance(exc, ListingError) or (listing.is_sent and not self._budget.spend()):
            return False
        listing.traffic.retries += listing.is_sent
        log.info("request.retried", **listing.what.about, attempt=attempt, wait_s=round(wait_s, 3), kind=exc.kind)
        return wait_s

    def _request_id(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def _overdue(self, listing: _Listing) -> str:
        whose = "the sweep" if listing.ends_at == self._ends_at else "the listing"
        limit_s = self._settings.sweep_timeout_s if whose == "the sweep" else self._settings.listing_timeout_s
        message = f"{whose} did not end within {limit_s:g} s, {listing.traffic.pages} pages read"
        return f"{message}; last fault: {listing.last_fault}" if listing.last_fault else message
