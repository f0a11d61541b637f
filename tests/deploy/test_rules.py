"""Every alert comes when it should, not a minute earlier, and ends; and somebody has written down what it means."""

from __future__ import annotations

import re
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.expressions import PROMETHEUS, RULES, alerts, groups_of, rules, strangers_in
from tests.documents.pages import ROOT, page
from tests.tools import need

CASES = ROOT / "tests" / "deploy" / "alerts"
RUNBOOKS = ROOT / "docs" / "howto" / "alerts"
NAMES = sorted({alert["alert"] for alert in alerts()})

RULE_KEYS = {"record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"}
"""What a PrometheusRule takes of a rule."""
PARTS = ("What it means", "What it does not mean", "Who is hurt", "Look", "Resolve", "Silence")


def promtool(*arguments: str | Path) -> str:
    """Run promtool; return what it said, if it was content."""
    done = subprocess.run([need("promtool"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_the_rules_and_its_configuration() -> None:
    """Without a complaint of its linter."""
    promtool("check", "rules", *RULES)
    promtool("check", "config", "--syntax-only", PROMETHEUS / "prometheus.yml")


def test_every_alert_comes_in_time_and_ends() -> None:
    """Prometheus' own evaluation of made-up series, minute by minute, words included."""
    promtool("test", "rules", *sorted(CASES.glob("*.yml")))


@pytest.mark.parametrize("name", NAMES)
def test_an_alert_has_cases_in_which_it_comes_and_in_which_it_does_not(name: str) -> None:
    """Each of its rules fires in one of them, is quiet a minute earlier, and is over later."""
    written = yaml.safe_load((CASES / f"{name}.yml").read_text(encoding="utf-8"))
    checks = [
        [(_minutes(check), check["exp_alerts"]) for check in case["alert_rule_test"]] for case in written["tests"]
    ]
    turned = {
        expected[0]["exp_labels"].get("case")
        for case in checks
        for (before, nothing), (at, expected) in pairwise(case)
        if expected and not nothing and at - before == 1 and not case[-1][1] and case[-1][0] > at
    }

    assert turned == {alert["labels"].get("case") for alert in alerts() if alert["alert"] == name}


def _minutes(check: dict[str, Any]) -> int:
    return int(check["eval_time"].removesuffix("m"))


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    """Named as it is, so that whoever is called finds it; with all of its parts, in order."""
    named = {alert["annotations"]["runbook_url"] for alert in alerts()}

    assert sorted(path.stem for path in RUNBOOKS.glob("*.md")) == NAMES
    assert named == {f"docs/howto/alerts/{name}.md" for name in NAMES}
    assert [alert["alert"] for alert in alerts() if alert["alert"] not in alert["annotations"]["runbook_url"]] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_runbook_is_whole(name: str) -> None:
    """All of its parts, in order, and something to type first."""
    runbook = page(f"docs/howto/alerts/{name}.md")

    assert re.findall(r"^#+ (.+)$", runbook.prose(), re.MULTILINE) == [name, *PARTS]
    assert len(runbook.blocks("sql")) + len(runbook.blocks("sh")) >= 1
    assert runbook.text.count("\n") <= 80


def test_the_rules_ask_only_what_is_told() -> None:
    """A metric that is renamed, or a word that an outcome never is, would make an alert mute."""
    texts = [text for rule in rules() for text in [rule["expr"], *rule.get("annotations", {}).values()]]

    assert strangers_in(texts) == []


@pytest.mark.parametrize(
    "expression", ["backup_inventory_cluster_age > 1", 'max(backup_inventory_cluster_verdict{verdict=~"stale|old"})']
)
def test_a_question_that_nobody_answers_is_noticed(expression: str) -> None:
    """The test above can fail."""
    assert len(strangers_in([expression])) == 1


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_the_rules_are_the_content_of_a_prometheusrule(path: Path) -> None:
    """Groups and nothing beside them, with keys that its schema has, and texts only where it wants texts."""
    assert set(yaml.safe_load(path.read_text(encoding="utf-8"))) == {"groups"}
    for group in groups_of(path):
        assert set(group) == {"name", "rules"}
        for rule in group["rules"]:
            assert set(rule) <= RULE_KEYS
            assert all(
                isinstance(value, str) for key in ("labels", "annotations") for value in rule.get(key, {}).values()
            )


def test_every_alert_can_be_routed() -> None:
    """It says how urgent it is and whose it is; only what cannot wait is critical."""
    severities = {alert["labels"]["severity"] for alert in alerts()}
    components = {alert["labels"]["component"] for alert in alerts()}

    assert (severities, components) == ({"critical", "warning", "info"}, {"backup-inventory"})
    assert {alert["alert"] for alert in alerts() if alert["labels"]["severity"] == "critical"} == {
        "BackupInventoryDown",
        "BackupRunsStopped",
        "BackupStale",
        "BackupSweepsStopped",
        "BackupUnknownForLong",
    }


def test_the_table_of_alerts_is_that_of_the_rules() -> None:
    """Whoever reads how urgent an alert is, and after how long it comes, reads what Prometheus does."""
    rows = re.findall(
        r"^\| \[(\w+)\]\([^)]+\) \| (\w+) \| ([^|]+) \|", page("docs/howto/monitoring.md").text, re.MULTILINE
    )
    words = {"m": "min", "h": "h"}

    told = {name: (severity, after) for name, severity, after in rows}

    first = {alert["alert"]: alert for alert in reversed(alerts())}
    assert told == {
        name: (
            alert["labels"]["severity"],
            re.sub(r"(\d+)(\w)", lambda span: f"{span[1]} {words[span[2]]}", alert.get("for", "at once")),
        )
        for name, alert in first.items()
    }
