"""The dashboard asks what can be answered: its SQL runs, its PromQL parses, its panels lie beside each other."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
import yaml

from tests.builders import CLUSTER
from tests.deploy.expressions import strangers_in
from tests.documents.pages import ROOT
from tests.tools import need

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

GRAFANA = ROOT / "deploy" / "grafana"
BOARD: dict[str, Any] = json.loads((GRAFANA / "dashboards" / "backup-inventory.json").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = BOARD["panels"]
VARIABLES = {variable["name"]: variable for variable in BOARD["templating"]["list"]}

FROM, TO = "(now() - interval '7 days')", "now()"
MACROS = {
    r"\$__timeFilter\((\w+)\)": rf"\1 BETWEEN {FROM} AND {TO}",
    r"\$__timeFrom\(\)": FROM,
    r"\$__timeGroupAlias\((\w+), \$__interval\)": r'floor(extract(EPOCH FROM \1) / 60) * 60 AS "time"',
    r"\$\{cluster:sqlstring\}": f"'{CLUSTER.id}'",
}
"""What Grafana makes of its macros in SQL."""


def targets(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """List the questions of the panels to one kind of data source, each with its panel's title."""
    for panel in PANELS:
        for target in panel.get("targets", ()):
            if target["datasource"]["type"] == kind:
                yield panel["title"], target


QUESTIONS = [pytest.param(target, id=title) for title, target in targets("grafana-postgresql-datasource")]
EXPRESSIONS = [target["expr"] for _, target in targets("prometheus")]


def expanded(query: str) -> str:
    """Put in the place of Grafana's macros what it would."""
    for macro, text in MACROS.items():
        query = re.sub(macro, text, query)
    return query


@pytest.fixture
async def reader(varied_url: str) -> AsyncIterator[Connection]:
    """Yield a connection that cannot write."""
    connection = await asyncpg.connect(varied_url, server_settings={"default_transaction_read_only": "on"})
    try:
        yield connection
    finally:
        await connection.close()


@pytest.mark.parametrize("target", QUESTIONS)
async def test_a_panel_s_query_finds_something(reader: Connection, target: dict[str, Any]) -> None:
    """In views that readers may use; a series of it begins with its time, a table of it has an end."""
    query = target["rawSql"]

    rows = await reader.fetch(expanded(query))

    assert rows
    assert "$" not in expanded(query)
    assert (
        re.findall(r"\b(?:FROM|JOIN) (?!inventory\.|backup_age|max_age|observation_age|duration|gap_|hole_)", query)
        == []
    )
    if target["format"] == "time_series":
        assert next(iter(rows[0].keys())) == "time"
        assert "$__timeFilter(" in query
    else:
        assert "LIMIT" in query or "count(" in query


async def test_the_clusters_to_choose_from_are_those_that_are_watched(reader: Connection) -> None:
    """The worst first, each by its id."""
    rows = await reader.fetch(VARIABLES["cluster"]["query"])

    assert list(rows[0].keys()) == ["__text", "__value"]
    assert {row["__value"] for row in rows} == {"c9qcluster", "c9qother", "c9q0", "c9q2"}


def test_prometheus_can_read_every_expression(tmp_path: Path) -> None:
    """Promtool takes each for a rule."""
    filled = [each.replace("$__rate_interval", "5m").replace("$cluster", CLUSTER.id) for each in EXPRESSIONS]
    rules = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(filled)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")

    done = subprocess.run([need("promtool"), "check", "rules", file], capture_output=True, text=True, check=False)

    assert (done.returncode, len(rules) > 5) == (0, True), done.stdout + done.stderr
    assert "$" not in "".join(filled)


def test_every_expression_asks_what_is_told() -> None:
    """A metric that is renamed is noticed here."""
    assert strangers_in(EXPRESSIONS) == []


def test_every_panel_asks_a_source_that_is_provisioned() -> None:
    """By a variable, so that it can be another in another Grafana; what it begins with is ours, and of that type."""
    text = (GRAFANA / "provisioning" / "datasources" / "backup-inventory.yml").read_text(encoding="utf-8")
    provisioned = {source["uid"]: source["type"] for source in yaml.safe_load(text)["datasources"]}
    chosen = {
        f"${{{name}}}": variable["query"]
        for name, variable in VARIABLES.items()
        if variable["type"] == "datasource" and provisioned[variable["current"]["value"]] == variable["query"]
    }

    asked = [target["datasource"] for panel in PANELS for target in panel.get("targets", ())]
    asked += [panel["datasource"] for panel in PANELS if "datasource" in panel]
    asked.append(VARIABLES["cluster"]["datasource"])

    assert len(chosen) == len(provisioned) == 2
    assert [source for source in asked if chosen.get(source["uid"]) != source["type"]] == []


def test_the_panels_lie_beside_each_other() -> None:
    """Each has a number of its own, fits the grid of twenty-four columns, and covers no other."""
    places = [panel["gridPos"] for panel in PANELS]

    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert [(one, other) for one, other in combinations(places, 2) if _overlap(one, other)] == []


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )
