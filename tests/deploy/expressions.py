"""What the rules and the dashboard ask Prometheus, and what the service has to answer it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from prometheus_client.parser import text_string_to_metric_families as parse

from collector.serve.exposition import render
from collector.serve.tally import Tally
from tests.documents.metrics_page import EVERYTHING
from tests.documents.pages import ROOT

PROMETHEUS: Final = ROOT / "deploy" / "prometheus"
RULES: Final = (PROMETHEUS / "rules.yml", PROMETHEUS / "rules-pushgateway.yml")

FOREIGN: Final = {"push_time_seconds"}
"""What the Pushgateway tells of itself."""

_SELECTOR: Final = re.compile(r"(?<![\w:])(backup_inventory_\w+|push_\w+)(?:\{([^}]*)\})?(?![\w:])")
_MATCHER: Final = re.compile(r'(\w+)\s*=~?\s*"([^"]*)"')


def groups_of(path: Path) -> list[dict[str, Any]]:
    """Read a file of rules."""
    groups: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    return groups


def rules() -> list[dict[str, Any]]:
    """List all rules, those that record and those that alert."""
    return [rule for path in RULES for group in groups_of(path) for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    """List the rules that alert."""
    return [rule for rule in rules() if "alert" in rule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """A metric that an expression names, with the values of labels that it wants."""

    metric: str
    wanted: tuple[tuple[str, str], ...]


def selectors_in(expression: str) -> set[Selector]:
    """Find the selectors of an expression or a template; what rules recorded under names with colons is none."""
    return {
        Selector(
            metric=match[1],
            wanted=tuple(
                (label, value) for label, words in _MATCHER.findall(match[2] or "") for value in words.split("|")
            ),
        )
        for match in _SELECTOR.finditer(expression)
    }


def told() -> dict[str, set[tuple[str, str]]]:
    """Read what the service tells: every series' name, with the values that its labels take."""
    series: dict[str, set[tuple[str, str]]] = {name: set() for name in FOREIGN}
    for family in parse(render(Tally().registry, EVERYTHING).decode()):
        for sample in family.samples:
            series.setdefault(sample.name, set()).update(sample.labels.items())
    return series


def strangers_in(expressions: list[str]) -> list[str]:
    """Find what the expressions ask and nobody tells: a metric, or a word that its label never is."""
    known = told()
    found = []
    for each in set[Selector]().union(*map(selectors_in, expressions)):
        if each.metric not in known:
            found.append(each.metric)
        found += [
            f"{each.metric}{{{label}={value}}}"
            for label, value in each.wanted
            if label not in {"job", "cluster_id"} and (label, value) not in known.get(each.metric, set())
        ]
    return found
