"""The chart's service and its migration: who is asked, who is let in, and what comes first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.rendering import CHART, Manifest, configs, only, pods, render, rendered


def test_the_service_is_asked_how_it_is() -> None:
    """Alive without PostgreSQL, ready only with it."""
    (pod,) = pods(rendered("service"))
    probes = {kind: pod.container[kind]["httpGet"]["path"] for kind in pod.container if kind.endswith("Probe")}

    assert probes == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert pod.container["ports"] == [{"name": "http", "containerPort": 8080}]


@pytest.mark.parametrize("kind", ["Service", "PodDisruptionBudget", "PodMonitor", "Deployment"])
def test_what_is_about_the_service_selects_its_pods_only(kind: str) -> None:
    """Pods of a CronJob answer nobody, and keep no node from being drained."""
    spec = only(rendered("everything"), kind)["spec"]
    selector = spec["selector"].get("matchLabels", spec["selector"])

    chosen = [pod for pod in pods(rendered("everything")) if selector.items() <= pod.labels.items()]

    assert [pod.component for pod in chosen] == ["service"]


def test_one_replica_has_no_budget() -> None:
    """It would keep its node from ever being drained."""
    assert "PodDisruptionBudget" not in {each["kind"] for each in rendered("exporter")}
    assert "PodDisruptionBudget" in {each["kind"] for each in rendered("service")}


def test_beside_a_cronjob_the_service_only_exports(tmp_path: Path) -> None:
    """Alone it sweeps as it is told."""
    (exporter,) = configs(rendered("exporter"), tmp_path)
    (service,) = configs(rendered("service"), tmp_path)

    assert exporter.schedule is None
    assert service.schedule is not None
    assert service.schedule.cron == "*/10 * * * *"


def test_the_service_wants_a_token_unless_told_otherwise(tmp_path: Path) -> None:
    """And Prometheus is told which."""
    (service,) = configs(rendered("service"), tmp_path)
    (exporter,) = configs(rendered("exporter"), tmp_path)
    endpoint = only(rendered("everything"), "PodMonitor")["spec"]["podMetricsEndpoints"][0]

    assert service.http.token is not None
    assert exporter.http.token is None
    assert endpoint["authorization"]["credentials"] == {"name": "collector-files", "key": "http-token"}


@pytest.mark.parametrize(
    "more, admitted",
    [
        ((), [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]),
        (("--set-json", 'networkPolicy.scrapers=[{"namespaceSelector":{}}]'), [{"namespaceSelector": {}}]),
        (
            ("--set-json", "networkPolicy.scrapers=null", "--set", "service.unauthenticated=false,secrets.files=x"),
            [{"namespaceSelector": {}}],
        ),
        (("--set-json", "networkPolicy.scrapers=null", "--set", "networkPolicy.enabled=false"), None),
    ],
    ids=["named", "said-to-be-any", "any-with-the-token", "left-to-others"],
)
def test_every_pod_gets_in_only_with_the_token_or_where_that_was_said(
    more: tuple[str, ...], admitted: list[Manifest] | None
) -> None:
    """Without both the chart refuses; whoever has no policy of the chart's has decided that."""
    objects = render("--values", CHART / "ci/exporter-values.yaml", *more)

    policies = [each["spec"] for each in objects if each["kind"] == "NetworkPolicy"]

    assert [rule["from"] for policy in policies for rule in policy["ingress"]] == (
        [] if admitted is None else [admitted]
    )


def restart_mark(*arguments: str | Path) -> str:
    """Render the service with more values, and read what its pods are restarted by."""
    (pod,) = pods(render("--values", CHART / "ci/service-values.yaml", *arguments))
    return pod.annotations["collector/restart-on"]


def test_only_what_needs_it_restarts_the_service() -> None:
    """All else of the configuration is taken up while it runs."""
    before = restart_mark()

    assert restart_mark("--set", "config.api.concurrency=8") == before
    assert restart_mark("--set-json", 'config.schedule={"cron":"@daily"}') == before
    assert restart_mark("--set", "config.database.pool_size=8") != before


def test_a_cronjob_that_comes_or_goes_restarts_the_service() -> None:
    """With it goes the service's own schedule: one that went on as an exporter would leave nobody to sweep."""
    exporter = restart_mark("--set-json", "config.schedule=null")

    (beside,) = [pod for pod in pods(rendered("exporter")) if pod.component == "service"]
    (alone,) = pods(render("--values", CHART / "ci/exporter-values.yaml", "--set", "cronJob.enabled=false"))

    assert beside.annotations != alone.annotations
    assert exporter != restart_mark()


@pytest.mark.parametrize("name", ["workload-identity", "everything"])
def test_the_migration_comes_first_and_brings_along_what_it_needs(name: str) -> None:
    """Hooks are made before all else, the lighter ones first."""
    hooks = sorted(
        (int(each["metadata"]["annotations"]["helm.sh/hook-weight"]), each["kind"])
        for each in rendered(name)
        if "helm.sh/hook" in each["metadata"].get("annotations", {})
    )
    (pod,) = [pod for pod in pods(rendered(name)) if pod.component == "migration"]
    brought = {each["metadata"]["name"] for each in rendered(name) if each["kind"] == "ConfigMap"}

    assert [kind for _, kind in hooks if kind != "ExternalSecret"] == ["ConfigMap", "NetworkPolicy", "Job"]
    assert [kind for _, kind in hooks][:-3] == ["ExternalSecret"] * (len(hooks) - 3)
    assert pod.spec["serviceAccountName"] == "default"
    assert pod.volumes["/etc/collector"]["configMap"]["name"] in brought
    assert pod.container["args"] == ["migrate"]


def test_where_the_migration_is_a_job_nobody_else_migrates(tmp_path: Path) -> None:
    """The others' role need not be able to."""
    found = configs(rendered("workload-identity"), tmp_path)
    secrets = {
        pod.component: [source["secretRef"]["name"] for source in pod.container["envFrom"]]
        for pod in pods(rendered("workload-identity"))
    }

    assert [config.database.auto_migrate for config in found] == [False, False]
    assert secrets == {"sweep": ["collector"], "migration": ["collector", "collector-migrator"]}


def test_the_secret_that_pods_hold_on_to_outlives_an_upgrade() -> None:
    """A hook is deleted and made anew, and what it owns would go with it."""
    policies = {
        each["spec"]["target"]["creationPolicy"] for each in rendered("everything") if each["kind"] == "ExternalSecret"
    }

    assert policies == {"Orphan"}


def test_one_secret_may_hold_variables_and_files() -> None:
    """Then both lists of keys go into it."""
    objects = render("--values", CHART / "ci/everything-values.yaml", "--set", "secrets.files=collector-environment")

    secret = only(objects, "ExternalSecret")

    assert [entry["secretKey"] for entry in secret["spec"]["data"]] == ["DATABASE_URL", "key.json", "http-token"]


def test_a_secret_without_keys_is_left_to_others() -> None:
    """The operator would make none, or empty the one that is there."""
    values = CHART / "ci/everything-values.yaml"

    secret = only(render("--values", values, "--set-json", "externalSecret.environment=[]"), "ExternalSecret")

    assert secret["metadata"]["name"] == "collector-files"
