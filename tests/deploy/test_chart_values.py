"""The chart's values: the program's configuration goes through unharmed, and what would not work is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy import values_schema
from tests.deploy.rendering import CHART, ENV, ROOT, configs, each_set, helm, render, rendered


@each_set
def test_every_configuration_is_one_that_the_program_takes(values: str, tmp_path: Path) -> None:
    """As Helm writes it, with its numbers, its nulls and its texts that look like something else."""
    objects = rendered(values)
    found = configs(objects, tmp_path)

    assert found
    assert all(config.clusters or config.discovery for config in found)


def test_the_program_itself_checks_the_configuration(tmp_path: Path) -> None:
    """`collector check --offline`, as one would with a ConfigMap at hand."""
    (tmp_path / "config.yaml").write_text(rendered("shards")[2]["data"]["config.yaml"], encoding="utf-8")
    command = [sys.executable, "-m", "collector", "check", "--offline", "--config", str(tmp_path / "config.yaml")]

    done = subprocess.run(command, cwd=ROOT, env=ENV, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.split()[:2]) == (0, ["ok", "configuration"])


def test_no_digit_and_no_letter_is_lost_on_the_way(tmp_path: Path) -> None:
    """Helm holds numbers as floats, and other readers take `on` for a truth value."""
    (config,) = configs(rendered("shards"), tmp_path)

    assert config.api.page_bytes_max == 134_217_728
    assert config.clusters[0].labels == {"team": "on", "version": "1_000"}


def test_null_is_something_else_than_left_out(tmp_path: Path) -> None:
    """Of a limit it means none."""
    objects = render("--values", CHART / "ci/minimal-values.yaml", "--set-json", "config.api.requests_per_second=null")

    (config,) = configs(objects, tmp_path)

    assert config.api.requests_per_second is None


@pytest.mark.parametrize(
    "wrong, named",
    [
        (["--set", "cronJob.shard=4"], "shard"),
        (["--set", "cronJob.shards=0"], "/cronJob/shards"),
        (["--set", "cronJob.concurrencyPolicy=forbid"], "/cronJob/concurrencyPolicy"),
        (["--set", "cronJob.schedule=15 * * *"], "/cronJob/schedule"),
        (["--set", "image.digest=sha256:abc"], "/image/digest"),
        (["--set", "workloadIdentity.expirationSeconds=60"], "/workloadIdentity/expirationSeconds"),
        (["--set", "config.api.page_sise=10"], "page_sise"),
        (["--set", "config.freshness.max_age=26"], "/config/freshness/max_age"),
        (["--set", "config.database.url=postgresql://u:secret@h/d"], "/config/database/url"),
        (["--set", "config.http.listen=127.0.0.1:1"], "http"),
        (["--set-json", "config.clusters=null"], "clusters"),
        (["--set", "service.enabled=true"], "http-token"),
        (["--set", "service.enabled=true,service.unauthenticated=true"], "networkPolicy.scrapers"),
        (["--set-json", "networkPolicy.scrapers=[]"], "/networkPolicy/scrapers"),
        (["--set", "cronJob.activeDeadlineSeconds=3599"], "less than config.api.sweep_timeout, 1h"),
        (["--set", "config.api.sweep_timeout=2h,cronJob.activeDeadlineSeconds=7199"], "7199 s is less than"),
        (["--set", "config.api.sweep_timeout=${LONG:-2h}"], "cronJob.activeDeadlineSeconds"),
        (["--set", "monitoring.podMonitor.enabled=true"], "service.enabled"),
        (["--set", "monitoring.rules.enabled=true"], "config.metrics.pushgateway"),
        (["--set", "externalSecret.enabled=true"], "externalSecret.store.name"),
        (["--set", "externalSecret.enabled=true,externalSecret.store.name=x"], "externalSecret.environment"),
        (["--set-json", 'pod.labels={"app.kubernetes.io/name":"x"}'], "/pod/labels"),
    ],
    ids=lambda value: value[1].partition("=")[0] if isinstance(value, list) else "",
)
def test_values_that_would_not_work_are_refused(wrong: list[str], named: str) -> None:
    """Before anything is installed, and by name."""
    done = helm("template inventory", "--values", CHART / "ci/minimal-values.yaml", *wrong)

    assert done.returncode != 0
    assert named in done.stderr


def test_the_schema_knows_the_program_s_configuration() -> None:
    """`python -m tests.deploy.values_schema` brings it up to date."""
    assert values_schema.FILE.read_text(encoding="utf-8") == values_schema.render()


def keys_of(schema: dict[str, Any]) -> dict[str, Any]:
    """List the keys of a schema's objects, as deep as it names them."""
    return {key: keys_of(entry) for key, entry in schema.get("properties", {}).items()}


def test_every_value_has_its_default_in_the_file() -> None:
    """Whoever reads values.yaml has seen all there is."""
    schema = {**values_schema.renewed({"properties": {}, **yaml.safe_load(values_schema.FILE.read_text())})}
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))

    def missing(keys: dict[str, Any], given: dict[str, Any], where: str) -> list[str]:
        absent = [f"{where}{key}" for key in keys if key not in given]
        deeper = [(key, below) for key, below in keys.items() if below and key in given]
        return absent + [name for key, below in deeper for name in missing(below, given[key], f"{where}{key}.")]

    open_ended = {"global", "config", "resources"}
    keys = {key: below for key, below in keys_of(schema).items() if key not in open_ended}

    assert missing(keys, values, "") == []
