"""
The emulated API on a real socket: bearer check, paging, refusals, and whatever the script of faults wants.

Serves only reading; what it would take to be the real thing otherwise is answered with an honest refusal.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import KW_ONLY, dataclass, field
from typing import Final, Literal, NamedTuple

from aiohttp import web

from collector.emulator.actions import Action, Cut, Drop, Edit, Fail, Say, Wait, answer_of, wait_out
from collector.emulator.answers import MESSAGES, Answer, Code, RefusedCall, refuse
from collector.emulator.edits import edit_page
from collector.emulator.faults import Faults, Visit
from collector.emulator.fleet import Fleet
from collector.emulator.issuer import SERVICES, Asked, Issuer
from collector.emulator.listener import Listener
from collector.emulator.listings import render_cluster
from collector.emulator.pages import Listing, RenderedPage, compress, write_page
from collector.emulator.recording import RecordedRequest, record_request
from collector.emulator.routes import PAGE_SIZE_MAX, Route, check_scope, read_place, route_request
from collector.emulator.tokens import Place
from collector.emulator.wire import drop_connection, send_cut, whole_response

COMPRESSED_FROM_BYTES: Final = 1024


class _Call(NamedTuple):
    """One request on its way to an answer."""

    request: web.BaseRequest
    route: Route
    place: Place
    limit: int
    request_id: str


@dataclass(slots=True, eq=False)
class Emulator(Listener):
    """An API server over a fleet. Use as an async context manager, or `start` and `stop` it."""

    fleet: Fleet
    _: KW_ONLY
    token: str | None = field(default="t1.emulator", repr=False)
    """The bearer token that is accepted, and may be changed meanwhile; None accepts all, or only what `issuer` gave."""
    issuer: Issuer | None = field(default=None, repr=False)
    """Serves the token services too; what it issues is accepted beside `token`, and alone where that is None."""
    latency_s: float = 0.0
    """How long every answer takes at least."""
    page_cap: int = PAGE_SIZE_MAX
    """No page has more records, whatever its size is asked to be."""
    faults: Faults = field(default_factory=Faults)
    compress: bool = False
    """Compress bodies from 1 KiB for clients that accept gzip."""
    record: bool = True
    """Keep every request in `requests`."""
    print_defaults: bool = False
    """Write fields that are not set, as Envoy can."""
    moved: Literal["shift", "expire"] = "shift"
    """What a page token is worth after the list changed: an offset in the changed list, or nothing."""

    requests: list[RecordedRequest] = field(default_factory=list, init=False, repr=False)
    requests_by_scope: Counter[str] = field(default_factory=Counter, init=False)
    """How many requests came about each cluster or folder."""
    answers_by_status: Counter[int] = field(default_factory=Counter, init=False)
    """How many answers went out whole, by HTTP status."""
    requests_total: int = field(default=0, init=False)
    in_flight: int = field(default=0, init=False)
    in_flight_max: int = field(default=0, init=False)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests_total += 1
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        # The real API answers with the client's id, and makes one where there was none.
        request_id = request.headers.get("x-request-id") or f"{self.requests_total:08x}-0000-4000-8000-000000000000"
        try:
            return await self._respond(request, request_id)
        except RefusedCall as refused:
            return self._send(request, refuse(refused, request_id=request_id), request_id)
        finally:
            self.in_flight -= 1

    async def _respond(self, request: web.BaseRequest, request_id: str) -> web.StreamResponse:
        query = request.query
        path = request.rel_url.raw_path
        if self.issuer is not None and (service := SERVICES.get((request.method, path))) is not None:
            self._note(request, path, scope=service)
            return await self._issue(self.issuer, Asked(service, request.headers, await request.read()), request)
        try:
            route = route_request(request.method, path, query)
        except RefusedCall:
            self._note(request, path, scope="")
            raise
        self._note(request, path, scope=route.scope)
        if self.latency_s > 0:
            await asyncio.sleep(self.latency_s)
        if not self._accepts(request.headers.get("Authorization", "")):
            raise RefusedCall(Code.UNAUTHENTICATED, MESSAGES[Code.UNAUTHENTICATED])
        check_scope(route)
        place = read_place(route, query)
        return await self._obey(_Call(request, route, place, min(place.page_size, self.page_cap), request_id))

    def _accepts(self, authorization: str) -> bool:
        token = authorization.removeprefix("Bearer ") if authorization.startswith("Bearer ") else ""
        if self.issuer is not None and self.issuer.accepts(token):
            return True
        return token == self.token if self.token is not None else self.issuer is None

    async def _issue(self, issuer: Issuer, asked: Asked, request: web.BaseRequest) -> web.StreamResponse:
        actions = issuer.faults.take(Visit(asked.service, 1, 0, 1))
        for action in actions:
            if isinstance(action, Wait):
                await wait_out(action)
        if any(isinstance(action, Drop) for action in actions):
            return drop_connection(request)
        verdicts = [answer_of(action, "issuer") for action in actions if isinstance(action, Fail | Say)]
        answer = verdicts[0] if verdicts else issuer.answer(asked, url=self.url)
        return self._send(request, answer, "issuer")

    async def _obey(self, call: _Call) -> web.StreamResponse:
        page_number = call.place.offset // call.limit + 1
        actions = self.faults.take(Visit(call.route.scope, page_number, call.place.offset, call.limit))
        for action in actions:
            if isinstance(action, Wait):
                await wait_out(action)
        if any(isinstance(action, Drop) for action in actions):
            return drop_connection(call.request)
        answer, page = self._answer(call, actions)
        cuts = [action for action in actions if isinstance(action, Cut)]
        if not cuts:
            return self._send(call.request, answer, call.request_id, page=page)
        return await send_cut(call.request, answer, headers=_headers(call.request_id), cut=cuts[0])

    def _answer(self, call: _Call, actions: list[Action]) -> tuple[Answer, RenderedPage | None]:
        for action in actions:
            if isinstance(action, Fail | Say):
                return answer_of(action, call.request_id), None
        cluster = self.fleet.clusters.get(call.route.scope)
        if cluster is not None and cluster.refusal is not None:
            code = Code(cluster.refusal)
            raise RefusedCall(code, MESSAGES.get(code, "Refused."))
        if call.route.kind == "cluster":
            return self._describe_cluster(call.route), None
        listing = self._find_listing(call)
        edits = [action for action in actions if isinstance(action, Edit)]
        if edits:
            content = edit_page(listing, call.place, edits, limit=call.limit)
            return Answer(body=write_page(listing, content)), None
        page = self.fleet.pages.render(listing, call.place, limit=call.limit)
        return Answer(body=page.body), page

    def _describe_cluster(self, route: Route) -> Answer:
        cluster = self.fleet.find_cluster(route)
        if cluster is None:
            raise RefusedCall(Code.NOT_FOUND, f"Cluster {route.scope} not found")
        return Answer(body=render_cluster(cluster, print_defaults=self.print_defaults).encode())

    def _find_listing(self, call: _Call) -> Listing:
        listing = self.fleet.find_listing(call.route, print_defaults=self.print_defaults)
        if listing is None:
            thing = call.route.kind.partition("_")[0].capitalize()
            raise RefusedCall(Code.NOT_FOUND, f"{thing} {call.route.scope} not found")
        is_first = call.place.offset == 0
        if self.moved == "expire" and not is_first and call.place.revision != listing.revision:
            raise RefusedCall(Code.INVALID_ARGUMENT, "page_token has expired", field="page_token")
        return listing

    def _send(
        self, request: web.BaseRequest, answer: Answer, request_id: str, *, page: RenderedPage | None = None
    ) -> web.Response:
        self.answers_by_status[answer.status] += 1
        headers = _headers(request_id)
        wanted = (
            self.compress and len(answer.body) >= COMPRESSED_FROM_BYTES and "Content-Encoding" not in answer.headers
        )
        if wanted and "gzip" in request.headers.get("Accept-Encoding", ""):
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
            body = compress(answer.body) if page is None else page.compressed()
            answer = Answer(status=answer.status, body=body, content_type=answer.content_type, headers=answer.headers)
        return whole_response(answer, headers)

    def _note(self, request: web.BaseRequest, path: str, *, scope: str) -> None:
        self.requests_by_scope[scope] += 1
        if self.record:
            self.requests.append(record_request(request, path, scope=scope))


def _headers(request_id: str) -> dict[str, str]:
    return {"x-request-id": request_id, "x-server-trace-id": f"{request_id}:1", "Server": "emulator"}
