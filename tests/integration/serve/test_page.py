"""The page's answers without a browser: what they hold, what bounds them, what they say when nothing can be said."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import asyncpg
import pytest
import structlog

from collector.records import Cluster, ClusterId
from collector.serve.service import CONNECTIONS
from collector.store.showing import BACKUPS_A_PAGE, CLUSTERS_A_PAGE, SWEEPS_A_PAGE
from tests.builders import CLUSTER, OTHER, numbered, record, register, store_of
from tests.proxy import Proxy
from tests.serving import Answer, Serving, serving

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

ODD = "<img src=x onerror=alert(1)>&\"'{{7*7}}\u202e"
NAMED = Cluster(id=ClusterId("c9qnamed"), name="search-prod", labels={"team": "search", "env": "prod"})
EXACT = {
    "startedAt": "2026-11-20T01:00:00.000000001Z",
    "createdAt": "2026-11-20T01:05:00.123456789Z",
    "sizeBytes": "9223372036854775807",
}
ADDRESSES = [
    "/",
    "/?q=x&label=team=search&verdict=stale",
    "/?after=3.1.c9q",
    "/clusters/c9qnamed",
    "/clusters/c9qnamed/backups",
    "/clusters/c9qnamed/backups/b1",
    "/sweeps",
    "/sweeps/1",
    "/nowhere",
    "/page.css",
    "/icon.svg",
]


class Page(HTMLParser):
    """An answer, read."""

    def __init__(self, text: str) -> None:
        """Read it."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep text."""
        self.text += data

    def links(self) -> list[str]:
        """List where its links lead."""
        return [attrs["href"] or "" for tag, attrs in self.tags if tag == "a"]

    def clusters(self) -> list[str]:
        """List the clusters whose pages it leads to, in order."""
        found = (re.fullmatch(r"/clusters/([^/]+)", href) for href in self.links())
        return list(dict.fromkeys(match[1] for match in found if match))


def read(answer: Answer) -> Page:
    """Read a page that was found."""
    assert answer.status == 200, answer.text
    return Page(answer.text)


@pytest.fixture(scope="module")
async def inventory_url(postgres: object, migrated_template: str) -> AsyncIterator[str]:
    """Yield a database with two clusters: one with exact and odd values, one that nobody ever read."""
    from collector.embedded import EmbeddedServer
    from tests.postgres import scratch_database

    assert isinstance(postgres, EmbeddedServer)
    async with scratch_database(postgres, template=migrated_template) as url:
        async with store_of(url, NAMED, OTHER) as rig:
            listed = [record(each, cluster=NAMED, **EXACT) for each in ("b1", ODD, "a/b:c", "gone")]
            await rig.merge(listed, cluster=NAMED)
            await rig.merge(listed[:3], cluster=NAMED)
            await rig.merge(listed[:3], cluster=NAMED)
        yield url


@pytest.fixture(scope="module")
async def service(inventory_url: str) -> AsyncIterator[Serving]:
    """Yield a service that shows it."""
    async with serving(inventory_url) as service:
        yield service


@pytest.mark.parametrize("path", ADDRESSES)
async def test_head_is_get_without_a_body(service: Serving, path: str) -> None:
    """The same status, the same headers."""
    got, headed = await service.ask(path), await service.ask(path, method="HEAD")

    assert (headed.status, headed.text) == (got.status, "")
    assert headed.headers["Content-Type"] == got.headers["Content-Type"]
    assert headed.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ADDRESSES[:-2])
async def test_a_page_needs_nothing_that_its_policy_forbids(service: Serving, path: str) -> None:
    """No style in it, no event handler, nothing that runs, no address of another host."""
    answer = await service.ask(path)

    page = Page(answer.text)
    assert not {"script", "style", "iframe", "object", "embed", "base"} & {tag for tag, _ in page.tags}
    assert not [attrs for _, attrs in page.tags if "style" in attrs or any(name.startswith("on") for name in attrs)]
    assert [attrs for _, attrs in page.tags if re.match(r"\w+:|//", attrs.get("href") or attrs.get("src") or "")] == []
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]


async def test_the_numbers_and_the_worst_come_first(service: Serving) -> None:
    """An unknown cluster stands before a stale one."""
    page = read(await service.ask("/"))

    assert page.clusters() == ["c9qother", "c9qnamed"]
    assert [attrs["href"] for tag, attrs in page.tags if (attrs.get("class") or "").startswith("tile ")] == [
        "/?verdict=fresh",
        "/?verdict=stale",
        "/?verdict=unknown",
    ]


@pytest.mark.parametrize(
    "query, found",
    [
        ("q=SEARCH-pr", ["c9qnamed"]),
        ("q=c9qoth", ["c9qother"]),
        ("q=opensearch", ["c9qother", "c9qnamed"]),
        ("q=%25", []),
        ("label=team=search", ["c9qnamed"]),
        ("label=team=search&label=env=dev", []),
        ("label=team=search&label=env=prod&label=", ["c9qnamed"]),
        ("verdict=unknown", ["c9qother"]),
        ("verdict=fresh", []),
        ("verdict=&q=&label=", ["c9qother", "c9qnamed"]),
    ],
)
async def test_the_address_says_which_clusters_are_shown(service: Serving, query: str, found: list[str]) -> None:
    """By text, by labels, by verdict, all of which must hold."""
    assert read(await service.ask(f"/?{query}")).clusters() == found


@pytest.mark.parametrize(
    "path",
    [
        "/?verdict=rotten",
        "/?label=team",
        "/?label==x",
        f"/?q={'x' * 201}",
        "/?q=%00",
        "/?after=4.1.c9q",
        "/?after=1.99999999999999999999.c9q",
        "/?after=1.9223372036854775808.c9q",
        "/?after=1.1.",
        "/?" + "&".join(["label=a=b"] * 11),
        "/sweeps?before=x",
        "/clusters/c9qnamed/backups?before=1.2",
        "/clusters/c9qnamed/backups?before=1.1.%00",
    ],
)
async def test_an_address_that_is_not_understood_is_refused(service: Serving, path: str) -> None:
    """400, and why; the database is not asked."""
    answer = await service.ask(path)

    assert answer.status == 400
    assert "not understood" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/clusters",
        "/clusters/c9qnone",
        "/clusters/%00",
        f"/clusters/{'c' * 51}",
        "/clusters/c9q'--",
        "/clusters/c9qnone/backups",
        "/clusters/c9qnamed/backups/none",
        "/clusters/c9qnamed/backups/%00",
        "/clusters/c9qnamed/backups/%ED%A0%80",
        f"/clusters/c9qnamed/backups/{'b' * 1025}",
        "/clusters/c9qother/backups/b1",
        "/sweeps/0",
        "/sweeps/x",
        "/sweeps/999999999999999999",
        "/sweeps/9999999999999999999",
        "/page.html",
    ],
)
async def test_what_is_not_there_is_not_found(service: Serving, path: str) -> None:
    """404 as a page, whatever stands in the address; nothing of it comes back."""
    answer = await service.ask(path)

    assert answer.status == 404
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "There is no such" in answer.text


async def test_a_backup_is_shown_exactly(service: Serving) -> None:
    """Nine digits, every byte, and in words."""
    text = Page((await service.ask("/clusters/c9qnamed/backups/b1")).text).text

    assert "2026-11-20T01:00:00.000000001Z" in text
    assert "2026-11-20T01:05:00.123456789Z" in text
    assert "9,223,372,036,854,775,807 bytes" in text
    assert "8.00 EiB" in text


async def test_why_a_backup_vanished_is_told_as_inferred(service: Serving) -> None:
    """With what happened to it, oldest first."""
    text = Page((await service.ask("/clusters/c9qnamed/backups/gone")).text).text

    assert re.search(r"Inferred, the API gives no reasons: why cannot be inferred\s+\(unknown\)", text)
    assert re.search(r"appeared.*missing.*vanished", text, re.DOTALL)


async def test_every_link_on_a_page_leads_somewhere(service: Serving) -> None:
    """Also to ids that hold a slash, markup, or what turns text around."""
    seen: dict[str, int] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        answer = await service.ask(path)
        seen[path] = answer.status
        waiting += {href for href in Page(answer.text).links() if not href.startswith("#")} - {*seen, *waiting}

    assert {path for path, status in seen.items() if status != 200} == set()
    assert len([path for path in seen if "/backups/" in path]) == 4


@pytest.mark.parametrize("path", ["/clusters/c9qnamed", "/clusters/c9qnamed/backups"])
async def test_what_the_api_says_is_text(service: Serving, path: str) -> None:
    """Neither markup nor a template, and no character that turns the line around."""
    answer = await service.ask(path)

    assert "<img" not in answer.text
    assert "&lt;img src=x onerror=alert(1)&gt;&amp;&#34;&#39;{{7*7}}\\u202e" in answer.text
    assert "\u202e" not in answer.text


async def test_what_was_asked_for_comes_back_as_text(service: Serving) -> None:
    """In the field that it was typed into."""
    answer = await service.ask("/", params={"q": ODD, "label": f"{ODD}=x"})

    values = [attrs.get("value") for tag, attrs in Page(answer.text).tags if tag == "input"]
    assert values == [ODD, None, f"{ODD}=x"]
    assert "<img" not in answer.text


async def test_a_reader_s_role_is_enough(inventory_url: str) -> None:
    """The page reads schema `inventory`, and nothing else."""
    role = "page_test_reader"
    connection = await asyncpg.connect(inventory_url)
    await connection.execute(
        f"CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA inventory TO {role};"
        f"GRANT SELECT ON ALL TABLES IN SCHEMA inventory TO {role}"
    )
    try:
        url = re.sub(r"//[^@]*@", f"//{role}:x@", inventory_url)
        async with serving(url, job="only_serves") as service:
            statuses = {path: (await service.ask(path)).status for path in ADDRESSES}
    finally:
        await connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
        await connection.close()

    assert statuses == {path: 404 if path == "/nowhere" else 200 for path in ADDRESSES}


@pytest.fixture
async def fleet_url(migrated_url: str) -> str:
    """Return a database with more clusters than a page holds, all of them unknown."""
    clusters = [Cluster(id=ClusterId(f"c{number:04}")) for number in range(2 * CLUSTERS_A_PAGE + 1)]
    async with store_of(migrated_url, *clusters):
        return migrated_url


async def pages(service: Serving, path: str) -> list[Page]:
    """Turn the pages to the last one."""
    found = [read(await service.ask(path))]
    while following := [attrs["href"] for tag, attrs in found[-1].tags if tag == "a" and attrs.get("rel") == "next"]:
        found.append(read(await service.ask(str(following[0]))))
    return found


async def test_the_pages_of_a_fleet_hold_every_cluster_once(fleet_url: str) -> None:
    """In the order of the whole."""
    async with serving(fleet_url) as service:
        found = [page.clusters() for page in await pages(service, "/")]

    assert [len(each) for each in found] == [CLUSTERS_A_PAGE, CLUSTERS_A_PAGE, 1]
    assert [cluster for each in found for cluster in each] == [
        f"c{number:04}" for number in range(2 * CLUSTERS_A_PAGE + 1)
    ]


async def test_a_fleet_that_changes_between_two_pages_loses_nobody(fleet_url: str) -> None:
    """Who leaves the first page, or joins it, moves nobody across the edge."""
    async with serving(fleet_url) as service:
        first = read(await service.ask("/"))
        (following,) = [attrs["href"] for tag, attrs in first.tags if attrs.get("rel") == "next"]
        connection = await asyncpg.connect(fleet_url)
        await connection.execute("UPDATE collector.cluster SET managed = false WHERE cluster_id < 'c0010'")
        await connection.close()
        second = read(await service.ask(str(following)))

    assert second.clusters()[0] == f"c{CLUSTERS_A_PAGE:04}"
    assert len(second.clusters()) == CLUSTERS_A_PAGE


async def test_the_backups_of_a_cluster_come_page_by_page(migrated_url: str) -> None:
    """Each once, also where all were completed at one instant."""
    count = 2 * BACKUPS_A_PAGE + 1
    async with store_of(migrated_url, CLUSTER) as rig:
        await rig.merge(numbered(count))

    async with serving(migrated_url) as service:
        found = await pages(service, f"/clusters/{CLUSTER.id}/backups")

    ids = [href.rpartition("/")[2] for page in found for href in page.links() if "/backups/" in href]
    assert len(found) == 3
    assert sorted(ids) == [f"b{number:05}" for number in range(count)]


async def test_sweeps_come_page_by_page_the_newest_first(migrated_url: str) -> None:
    """And each leads to its listings."""
    async with store_of(migrated_url, CLUSTER) as rig:
        for _ in range(SWEEPS_A_PAGE):
            await register(rig.store, CLUSTER)

    async with serving(migrated_url) as service:
        found = await pages(service, "/sweeps")

    ids = [
        int(href.rpartition("/")[2]) for page in found for href in page.links() if re.fullmatch(r"/sweeps/\d+", href)
    ]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == SWEEPS_A_PAGE + 1


async def test_an_empty_inventory_says_so(migrated_url: str) -> None:
    """Instead of three zeros and nothing."""
    async with serving(migrated_url) as service:
        text = read(await service.ask("/")).text

    assert "No clusters yet" in text


async def test_what_is_not_known_is_not_said_to_be_none(migrated_url: str) -> None:
    """Of a cluster that nobody ever read, and of one that is not watched any more; of one that is empty it is."""
    async with store_of(migrated_url, CLUSTER, OTHER, NAMED) as rig:
        await rig.merge([record("b1", cluster=NAMED)], cluster=NAMED)
        await rig.merge([], cluster=CLUSTER)
        await register(rig.store, CLUSTER, OTHER)

    async with serving(migrated_url) as service:
        facts = {each.id: facts_in(await service.ask(f"/clusters/{each.id}")) for each in (OTHER, NAMED, CLUSTER)}
        fleet = (await service.ask("/")).text

    assert facts == {
        OTHER.id: ("not known", "not known"),
        NAMED.id: ("not judged", "not judged"),
        CLUSTER.id: ("none finished", "0"),
    }
    assert (fleet.count(">not known<"), fleet.count(">no finished backup<")) == (1, 1)


def facts_in(answer: Answer) -> tuple[str, str]:
    """Read what a cluster's page says of its newest backup, and of how many are live."""
    said = dict(re.findall(r"<dt>([^<]*)</dt><dd>(.*?)</dd>", answer.text))
    newest, live = (re.sub(r"<[^>]*>", "", said[name]) for name in ("Newest backup", "Live backups"))
    return newest, live


async def test_a_database_without_an_inventory_is_told(database_url: str) -> None:
    """503, and that there is none."""
    async with serving(database_url) as service:
        with structlog.testing.capture_logs() as lines:
            answer = await service.ask("/")

    assert answer.status == 503
    assert "no inventory in it" in answer.text
    assert [(line["event"], line["error"]) for line in lines] == [("page.failed", "schema")]


async def test_a_database_that_is_away_is_told_and_nothing_old_is_shown(inventory_url: str) -> None:
    """503, when to come again, and not a number."""
    async with Proxy(inventory_url) as proxy, serving(proxy.url, statement_s=1.0) as service:
        before = await service.ask("/")
        proxy.freeze()
        with structlog.testing.capture_logs() as lines:
            answer = await service.ask("/")

    assert before.status == 200
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert "c9q" not in answer.text
    assert [line["event"] for line in lines] == ["page.failed"]


async def test_a_slow_question_is_broken_off_while_the_metrics_are_read(inventory_url: str) -> None:
    """Pages that wait leave a connection to /metrics, and end by themselves."""
    connection = await asyncpg.connect(inventory_url)
    transaction = connection.transaction()
    async with serving(inventory_url, statement_s=1.5) as service:
        await transaction.start()
        await connection.execute("LOCK TABLE collector.backup_change IN ACCESS EXCLUSIVE MODE")
        asked = [asyncio.create_task(service.ask("/clusters/c9qnamed")) for _ in range(CONNECTIONS)]
        await _waits_for_the_lock(connection)
        series = await asyncio.wait_for(service.series(), 1)
        answers = await asyncio.gather(*asked)
        await transaction.rollback()
    await connection.close()

    assert series["up", ""] == 1.0
    assert {answer.status for answer in answers} == {503}


async def _waits_for_the_lock(connection: Connection) -> None:
    while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
        pass
