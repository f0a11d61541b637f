"""A recording on disk, served again."""

from __future__ import annotations

import json
from pathlib import Path

import aiohttp
import pytest

from collector.emulator import Replay, read_recording
from collector.errors import UsageError

TARGET = "/managed-opensearch/v1/clusters/c9qone/backups?pageSize=2"


def keep(
    directory: Path,
    body: bytes,
    *,
    target: str = TARGET,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),),
) -> None:
    """Write one more answer of the cluster, as a check does."""
    folder = directory / "c9qone"
    folder.mkdir(exist_ok=True)
    number = len(list(folder.glob("*.json"))) + 1
    head = {"format": 1, "method": "GET", "target": target, "status": status, "headers": headers}
    (folder / f"{number:04}.json").write_text(json.dumps(head))
    (folder / f"{number:04}.body").write_bytes(body)


async def ask(replay: Replay, target: str = TARGET) -> tuple[int, bytes, dict[str, str]]:
    """Send one request."""
    async with aiohttp.ClientSession() as session, session.get(replay.url + target) as response:
        return response.status, await response.read(), {name.lower(): value for name, value in response.headers.items()}


async def test_an_answer_comes_again_byte_for_byte(tmp_path: Path) -> None:
    """Status, body, and the headers that mean something; lengths and encodings are made anew."""
    body = b' {"backups" : [],\n"nextPageToken":"\xff"}'
    keep(
        tmp_path,
        body,
        status=429,
        headers=(
            ("Content-Type", "application/json; charset=utf-8"),
            ("Retry-After", "17"),
            ("Date", "Tue, 20 Jan 2026 00:00:00 GMT"),
            ("X-Server-Trace-Id", "abc"),
            ("Content-Encoding", "gzip"),
            ("Content-Length", "3"),
        ),
    )

    async with Replay(read_recording(tmp_path)) as replay:
        status, served, headers = await ask(replay)

    assert (status, served) == (429, body)
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["date"] == "Tue, 20 Jan 2026 00:00:00 GMT"
    assert (headers["retry-after"], headers["x-server-trace-id"]) == ("17", "abc")
    assert "content-encoding" not in headers


async def test_the_order_of_parameters_does_not_matter(tmp_path: Path) -> None:
    """Path and parameters make the request; a token is compared as it reads, however it is escaped."""
    keep(tmp_path, b"{}", target=f"{TARGET}&pageToken=a%2Bb")

    async with Replay(read_recording(tmp_path)) as replay:
        path = TARGET.partition("?")[0]
        status, _, _ = await ask(replay, f"{path}?pageToken=a%2bb&pageSize=2")

    assert status == 200


async def test_several_answers_come_in_their_order_and_the_last_for_ever(tmp_path: Path) -> None:
    """A fault that a retry mended is met again, once."""
    keep(tmp_path, b"slow", status=503)
    keep(tmp_path, b"{}")

    async with Replay(read_recording(tmp_path)) as replay:
        statuses = [(await ask(replay))[0] for _ in range(4)]

    assert statuses == [503, 200, 200, 200]


async def test_what_was_not_recorded_is_not_found(tmp_path: Path) -> None:
    """As the API says it; and it is remembered."""
    keep(tmp_path, b"{}")

    async with Replay(read_recording(tmp_path)) as replay:
        status, body, _ = await ask(replay, TARGET.replace("pageSize=2", "pageSize=3"))

    assert (status, json.loads(body)["code"]) == (404, 5)
    assert replay.unknown == [TARGET.replace("pageSize=2", "pageSize=3")]


def test_the_page_size_is_read_off_the_requests(tmp_path: Path) -> None:
    """Only who asks for as many is answered."""
    keep(tmp_path, b"{}")

    assert read_recording(tmp_path).page_size == 2


@pytest.mark.parametrize(
    "name, content, complaint",
    [
        ("0002.json", "{", "no head of a recorded answer"),
        ("0002.json", "[]", "no head of a recorded answer"),
        ("0002.json", '{"format": 2}', "has format 2, this program reads 1"),
        ("0002.json", json.dumps({"format": 1, "target": "/", "status": 200, "headers": []}), "No such file"),
    ],
    ids=["broken", "list", "newer", "no-body"],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, name: str, content: str, complaint: str) -> None:
    """Half of one would prove nothing."""
    keep(tmp_path, b"{}")
    (tmp_path / "c9qone" / name).write_text(content)

    with pytest.raises(UsageError, match=complaint):
        read_recording(tmp_path)


@pytest.mark.parametrize("name", ["", "absent"])
def test_a_directory_without_answers_is_refused(tmp_path: Path, name: str) -> None:
    """Serving nothing would look like a recording of nothing."""
    with pytest.raises(UsageError, match="no recording"):
        read_recording(tmp_path / name)
