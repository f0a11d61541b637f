"""What Helm makes of the chart is what Kubernetes takes."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path
from typing import Final

import jsonschema
import kubernetes_validate
import pytest
import yaml

from collector import __version__
from tests.deploy.rendering import CHART, ROOT, SETS, each_set, helm, only, render, rendered

VERSIONS: Final = ("1.29", "1.37")
"""The oldest that the chart is for, and the newest whose schema we have."""
ENV: Final = {"DATABASE_URL": "postgresql://127.0.0.1/x", "DATABASE_PASSWORD": "x", "MIGRATE_URL": ""}


def _closed(required: list[str], **properties: object) -> dict[str, object]:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


TEXT: Final = {"type": "string", "minLength": 1}
PAIRS: Final = {"type": "object", "additionalProperties": TEXT}
METADATA: Final = _closed(["name", "labels"], name=TEXT, labels=PAIRS, annotations=PAIRS)
SECRET_KEY: Final = _closed(["name", "key"], name=TEXT, key=TEXT)
SPECS: Final = {
    "PodMonitor": _closed(
        ["selector", "podMetricsEndpoints"],
        selector=_closed(["matchLabels"], matchLabels=PAIRS),
        podMetricsEndpoints={
            "type": "array",
            "minItems": 1,
            "items": _closed(
                ["port", "path", "interval"],
                port={"const": "http"},
                path={"const": "/metrics"},
                interval={"type": "string", "pattern": "^[0-9]+s$"},
                honorLabels={"const": True},
                authorization=_closed(["credentials"], credentials=SECRET_KEY),
            ),
        },
    ),
    "PrometheusRule": _closed(["groups"], groups={"type": "array", "minItems": 1, "items": {"type": "object"}}),
    "ExternalSecret": _closed(
        ["secretStoreRef", "target", "data"],
        refreshInterval=TEXT,
        secretStoreRef=_closed(["name", "kind"], name=TEXT, kind={"enum": ["SecretStore", "ClusterSecretStore"]}),
        target=_closed(["name"], name=TEXT, creationPolicy={"enum": ["Owner", "Orphan", "Merge", "None"]}),
        data={
            "type": "array",
            "minItems": 1,
            "items": _closed(
                ["secretKey", "remoteRef"],
                secretKey=TEXT,
                remoteRef=_closed(["key"], key=TEXT, property=TEXT, version=TEXT),
            ),
        },
    ),
}
"""What operators bring: the part that the chart uses of each."""


@pytest.mark.parametrize("file", SETS, ids=lambda file: file.name)
def test_helm_finds_no_fault(file: Path) -> None:
    """Neither an error nor a warning."""
    done = helm("lint --strict", "--values", file)

    assert (done.returncode, re.findall(r"\[(?:ERROR|WARNING)\].*", done.stdout)) == (0, [])


@each_set
def test_every_object_is_one_that_kubernetes_takes(values: str) -> None:
    """With no field that it does not know: the newest, and of the largest set of values the oldest too."""
    for version, each in itertools.product(VERSIONS if values == "everything" else VERSIONS[1:], rendered(values)):
        if each["kind"] not in SPECS:
            kubernetes_validate.validate(each, version, strict=True)


def test_every_object_of_an_operator_has_the_shape_that_it_wants() -> None:
    """No schema of theirs is at hand: this is the part that we use."""
    seen = {each["kind"]: each for each in rendered("everything") if each["kind"] in SPECS}

    assert seen.keys() == SPECS.keys()
    for kind, each in seen.items():
        shape = _closed(["spec"], apiVersion=TEXT, kind=TEXT, metadata=METADATA, spec=SPECS[kind])
        jsonschema.validate(each, shape)


def test_a_field_that_kubernetes_does_not_know_is_noticed() -> None:
    """The tests above can fail."""
    job = only(rendered("minimal"), "CronJob")

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(
            {**job, "spec": {**job["spec"], "concurencyPolicy": "Forbid"}}, "1.37", strict=True
        )


@pytest.mark.parametrize(
    "more, file",
    [
        ((), "rules.yml"),
        (("--set", "service.enabled=false,monitoring.podMonitor.enabled=false"), "rules-pushgateway.yml"),
    ],
    ids=["exported", "pushed"],
)
def test_the_rules_are_those_of_prometheus_braces_and_all(more: tuple[str, ...], file: str) -> None:
    """Helm's templates have the same braces, and leave these alone."""
    objects = render("--values", CHART / "ci/everything-values.yaml", *more)
    text = (ROOT / "deploy/prometheus" / file).read_text(encoding="utf-8")

    assert only(objects, "PrometheusRule")["spec"] == yaml.safe_load(text)
    assert "{{" in text


def test_the_dashboard_is_that_of_grafana_braces_and_all() -> None:
    """To the letter, under the label that a sidecar looks for."""
    (found,) = [each for each in rendered("everything") if "grafana_dashboard" in each["metadata"]["labels"]]
    ((name, text),) = found["data"].items()

    assert text.rstrip() == (ROOT / "deploy/grafana/dashboards" / name).read_text(encoding="utf-8").rstrip()
    assert "{{" in text


def test_a_name_of_any_length_is_one_that_kubernetes_takes() -> None:
    """A CronJob's may have 52 characters, and its Jobs' are longer."""
    objects = render("--values", CHART / "ci/everything-values.yaml", release="a" * 39 + "-" + "b" * 13)

    names = {each["kind"]: each["metadata"]["name"] for each in objects}

    assert len(names["CronJob"]) <= 52
    assert all(len(name) <= 63 and not name.endswith("-") for name in names.values())


def test_a_name_that_looks_like_a_number_stays_a_name() -> None:
    """YAML would make a number of a release or a Secret called 123, and Kubernetes would refuse it."""
    names = ("secrets.environment", "secrets.files", "pod.priorityClassName", "image.pullSecrets[0]")
    values = [word for name in names for word in ("--set-string", f"{name}=123")]
    objects = render("--values", CHART / "ci/everything-values.yaml", *values, release="123")

    for each in objects:
        if each["kind"] not in SPECS:
            kubernetes_validate.validate(each, VERSIONS[1], strict=True)
        assert each["metadata"]["labels"]["app.kubernetes.io/instance"] == "123"


def test_the_chart_is_of_the_program_s_version() -> None:
    """A release raises both."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))

    assert chart["appVersion"] == __version__
    assert chart["kubeVersion"] == f">={VERSIONS[0]}.0-0"


def test_the_chart_is_in_the_source_archive() -> None:
    """Whoever has the source has the chart."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert "deploy" in settings["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]
