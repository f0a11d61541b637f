"""How an answer leaves: whole, cut within its body, or not at all. Decides nothing about what is in it."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from collector.emulator.actions import Cut
from collector.emulator.answers import Answer


def whole_response(answer: Answer, headers: Mapping[str, str]) -> web.Response:
    """Make the response that carries an answer."""
    return web.Response(
        body=answer.body,
        status=answer.status,
        headers={"Content-Type": answer.content_type, **headers, **answer.headers},
    )


async def send_cut(
    request: web.BaseRequest, answer: Answer, *, headers: Mapping[str, str], cut: Cut
) -> web.StreamResponse:
    """Send the head and the first bytes of an answer, then close the connection."""
    response = web.StreamResponse(
        status=answer.status, headers={"Content-Type": answer.content_type, **headers, **answer.headers}
    )
    if cut.framing == "chunked":
        response.enable_chunked_encoding()
    else:
        response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[: cut.after])
    if request.transport is not None:
        # Not abort(): what was written is to arrive.
        request.transport.close()
    return response


def drop_connection(request: web.BaseRequest) -> web.Response:
    """Reset the connection. The response returned can no longer be sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
