"""The page as people meet it: in a browser, on a phone, in the dark, without scripts, by keyboard, and under attack."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import pytest
from selenium.webdriver.common.keys import Keys

from tests.showcase import ATTACKS
from tests.tools import need

if TYPE_CHECKING:
    from tests.browser.window import Scheme, Window

CLUSTER: Final = "orders-audit-stage"
WIDE_ENOUGH: Final = "return document.documentElement.scrollWidth <= window.innerWidth"
STANDARD: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
CONTRAST: Final = ("color-contrast",)
AUDIT: Final = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ['violations'], runOnly: arguments[0]}).then(
    found => done(found.violations.map(each => [each.id, each.nodes.map(node => node.html.slice(0, 200))])),
    error => done(['failed', String(error)]));
"""
WATCH: Final = """
window.broken = [];
document.addEventListener('securitypolicyviolation', event => window.broken.push(event.violatedDirective));
for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => window.broken.push(name);
"""
GROUND: Final = "return getComputedStyle(document.body).backgroundColor"


def cluster_path(window: Window, page: str, name: str = CLUSTER) -> str:
    """Find the address of a cluster's page, as a reader would."""
    window.open(f"{page}/?q={name}")
    return href(window, ".name > a")


def href(window: Window, selector: str) -> str:
    """Tell where the first link leads."""
    return window.all(selector)[0].get_attribute("href") or ""


def names(window: Window) -> list[str]:
    """Read the names of the clusters in the table."""
    return [each.text for each in window.all(".name > a")]


def test_the_fleet_is_seen_at_once(window: Window, fleet: str) -> None:
    """Three numbers, larger than all else, and the worst clusters first."""
    window.open(fleet)

    assert [each.text for each in window.all(".tile .count")] == ["17", "5", "2"]
    assert [each.text for each in window.all(".c-verdict")][:7] == ["unknown"] * 2 + ["stale"] * 5
    assert len(names(window)) == 24
    heights = window.ask(
        "return [...document.querySelectorAll('main *')].map(each => parseFloat(getComputedStyle(each).fontSize))"
    )
    assert max(heights) == window.ask("return parseFloat(getComputedStyle(document.querySelector('.count')).fontSize)")
    assert max(heights) >= 90
    assert window.complaints() == []


def test_a_filter_is_typed_chosen_and_taken_away(window: Window, fleet: str) -> None:
    """It stands in the address, so that it can be sent to somebody."""
    window.open(fleet)
    window.one("#q").send_keys("prod")
    window.one("#label").send_keys("team=payments")
    window.follow(window.one("button"))

    assert sorted(names(window)) == ["fraud-features-prod", "ledger-search-prod", "orders-audit-prod"]
    assert window.driver.current_url.endswith("/?q=prod&label=team%3Dpayments&verdict=")

    window.follow(window.one(".tile.v-stale"))
    assert names(window) == ["fraud-features-prod"]
    assert "verdict=stale" in window.driver.current_url

    window.follow(window.all(".chip")[0])
    window.follow(window.all(".chip")[-1])
    assert len(names(window)) == 24


def test_backups_gaps_and_blindness_have_different_shapes(window: Window, fleet: str) -> None:
    """Blocks, lines with ends, hatching; and each says in words what it is."""
    window.open(cluster_path(window, fleet))
    strip = window.one(".timeline svg")
    label = strip.get_attribute("aria-label") or ""

    assert label.startswith("Timeline: 30 days until now: ")
    assert "without a backup that is young enough, the longest of" in label
    assert "a time in which nobody looked, of 1d 14h" in label
    assert len(window.all(".timeline .gap")) == 5
    titles = [each.get_attribute("textContent") or "" for each in window.all(".timeline title")]
    assert {title.split(":")[0] for title in titles} == {"No backup", "Nobody looked"}

    window.open(cluster_path(window, fleet, "honeypot-dev"))
    fills = window.ask(
        "return [...document.querySelectorAll('.timeline .blind')].map(each => getComputedStyle(each).fill)"
    )
    assert fills
    assert all("#hatch" in fill for fill in fills)


def test_a_reader_comes_from_the_fleet_to_the_bytes_of_a_backup(window: Window, fleet: str) -> None:
    """By links alone, and back."""
    window.open(cluster_path(window, fleet))
    assert window.one(".judgement .word").text == "Fresh"
    assert window.one("h1").text == CLUSTER

    window.open(href(window, "td a.id"))

    facts = window.one("main").text
    assert re.search(r"[0-9]{2}:[0-9]{2}\.[0-9]{9}Z", facts)
    assert " bytes" in facts
    window.follow(window.all(".crumbs a")[1])
    assert window.one("h1").text == CLUSTER


def test_the_dark_is_dark_and_light_is_light(window: Window, fleet: str) -> None:
    """As the reader's system says."""
    grounds = {}
    for scheme in ("light", "dark"):
        window.shape(1280, scheme=scheme)
        window.open(fleet)
        grounds[scheme] = sum(map(int, window.ask(GROUND)[4:-1].split(",")))

    assert grounds["light"] > 600
    assert grounds["dark"] < 100


PATHS: Final = ("/", "cluster", "backup", "/sweeps/3", "/nowhere", "backups", "/?verdict=stale", "/sweeps", "/?label=x")


@pytest.fixture(scope="module")
def everywhere(window: Window, fleet: str) -> list[str]:
    """List one address of each kind of page."""
    cluster = cluster_path(window, fleet)
    window.open(f"{cluster}/backups")
    special = {"cluster": cluster, "backups": f"{cluster}/backups", "backup": href(window, "td a.id")}
    return [special.get(path, fleet + path) for path in PATHS]


@pytest.mark.parametrize("width", [375, 820])
def test_no_page_is_wider_than_its_window(window: Window, everywhere: list[str], width: int) -> None:
    """Nobody has to scroll sideways; a wide table scrolls by itself."""
    window.shape(width)
    too_wide = []
    for address in everywhere:
        window.open(address)
        if not window.ask(WIDE_ENOUGH):
            too_wide.append(address)

    assert too_wide == []


@pytest.mark.parametrize("scheme, rules", [("light", STANDARD), ("dark", CONTRAST)], ids=["light", "dark"])
def test_axe_finds_nothing(window: Window, everywhere: list[str], scheme: Scheme, rules: Sequence[str]) -> None:
    """Contrast, names, landmarks, headings, tables: WCAG 2.2 AA and best practice, on pages that differ."""
    axe = need("axe.min.js").read_text(encoding="utf-8")
    window.shape(1280, scheme=scheme)
    found = {}
    for address in everywhere[:5] if scheme == "light" else everywhere[:2]:
        window.open(address)
        window.ask(axe)
        found[address] = window.ask_later(AUDIT, rules)

    assert {address: violations for address, violations in found.items() if violations} == {}


def test_axe_finds_nothing_on_a_phone(window: Window, fleet: str) -> None:
    """Where the table of the fleet is drawn as cards, it is a table still."""
    axe = need("axe.min.js").read_text(encoding="utf-8")
    window.shape(375)
    window.open(fleet)
    window.ask(axe)

    assert window.ask_later(AUDIT, STANDARD) == []
    assert len(window.all("[role=row] [role=rowheader]")) == 24


def test_a_keyboard_reaches_the_content_first(window: Window, fleet: str) -> None:
    """The first stop leads past the head, and whatever is reached is seen to be."""
    window.open(fleet)
    window.one("body").send_keys(Keys.TAB)
    first = window.driver.switch_to.active_element
    assert first.text == "Skip to the content"
    assert first.rect["y"] >= 0

    first.send_keys(Keys.ENTER)
    window.driver.switch_to.active_element.send_keys(Keys.TAB)
    reached = window.driver.switch_to.active_element

    assert "tile" in (reached.get_attribute("class") or "")
    assert window.ask("return getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_nothing_needs_a_script(window: Window, fleet: str) -> None:
    """With scripts forbidden all of it works, the filter too."""
    window.let_scripts_run("no")
    window.open(fleet)
    window.one("#q").send_keys("ingress")
    window.follow(window.one("button"))

    assert names(window) == ["ingress-logs-prod"]
    window.follow(window.all(".name > a")[0])
    assert window.one("h1").text == "ingress-logs-prod"


def test_it_can_be_printed(window: Window, fleet: str) -> None:
    """On paper there is nothing to click, and the numbers stay."""
    window.shape(1280, medium="print")
    window.open(fleet)

    assert [each.is_displayed() for each in window.all(".filter, .top nav")] == [False, False]
    assert window.all(".tile .count")[0].is_displayed()


def test_an_attacker_s_texts_are_texts(window: Window, attacked: str) -> None:
    """Names, labels, ids, indices, versions, messages: nothing of them runs, is loaded, or leaves its place."""
    window.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    seen: set[str] = set()
    waiting = [f"{attacked}/", f"{attacked}/sweeps"]
    hosts = set()
    while waiting:
        address = waiting.pop()
        seen.add(address)
        window.open(address)
        assert window.ask("return window.broken") == [], address
        assert window.ask("return document.querySelectorAll('script, style, iframe, base, img').length") == 0
        assert window.ask(WIDE_ENOUGH), address
        links = window.ask("return [...document.querySelectorAll('a')].map(each => each.href.split('#')[0])")
        hosts |= {link[: len(attacked)] for link in links}
        waiting += {link for link in links if _is_worth_a_visit(link)} - {*seen, *waiting}

    assert hosts == {attacked}
    assert window.complaints() == []
    assert len(seen) >= 4 * len(ATTACKS)
    assert len([address for address in seen if "/backups/" in address]) == 2 * len(ATTACKS)


def _is_worth_a_visit(link: str) -> bool:
    """Every page but those of filters, which are many."""
    return "?" not in link
