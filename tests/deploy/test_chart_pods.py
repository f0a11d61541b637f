"""Every pod of the chart is locked down, has what it needs, and is repeated only where that may help."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest

from collector.clusters import Shard
from tests.deploy.rendering import CHART, ROOT, Manifest, configs, each_set, only, pods, render, rendered
from tests.documents.pages import page
from tests.documents.test_commands import complaint_about


@each_set
def test_every_pod_is_restricted(values: str) -> None:
    """By the strictest of Kubernetes' Pod Security Standards, and with a root file system that cannot be written."""
    objects = rendered(values)
    for pod in pods(objects):
        assert pod.spec["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert pod.container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert pod.spec["automountServiceAccountToken"] is False
        assert not pod.spec.keys() & {"hostNetwork", "hostPID", "hostIPC"}
        assert {kind for volume in pod.spec["volumes"] for kind in volume if kind != "name"} <= {
            "configMap",
            "emptyDir",
            "projected",
            "secret",
        }


@each_set
def test_a_pod_runs_as_the_user_of_the_image(values: str) -> None:
    """Whose number the Dockerfile says."""
    objects = rendered(values)
    (user,) = re.findall(r"^USER (\d+):", (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)

    assert {pod.spec["securityContext"]["runAsUser"] for pod in pods(objects)} == {int(user)}


@each_set
def test_a_listing_that_outgrows_its_memory_has_a_bounded_place(values: str) -> None:
    """The one folder that can be written is of a limited size."""
    objects = rendered(values)
    for pod in pods(objects):
        assert pod.volumes["/tmp"]["emptyDir"]["sizeLimit"] == "1Gi"  # noqa: S108 - in the pod


@each_set
def test_a_pod_has_the_memory_that_was_measured(values: str) -> None:
    """The page of performance says what the most was."""
    objects = rendered(values)
    (measured,) = re.findall(r"(\d+) MiB at most", page("docs/reference/performance.md").text)

    for pod in pods(objects):
        resources = pod.container["resources"]
        assert int(measured) < int(resources["requests"]["memory"].removesuffix("Mi"))
        assert int(measured) * 1.5 < int(resources["limits"]["memory"].removesuffix("Mi"))
        assert "cpu" not in resources["limits"]


@each_set
def test_a_pod_that_is_stopped_may_take_as_long_as_the_program(values: str) -> None:
    """It ends 25 s after SIGTERM in any case."""
    objects = rendered(values)
    assert {pod.spec["terminationGracePeriodSeconds"] for pod in pods(objects)} == {30}


@each_set
def test_every_pod_runs_a_command_that_the_program_takes(values: str) -> None:
    """The image starts the program; the pod says the rest."""
    objects = rendered(values)
    found = [pod.container["args"] for pod in pods(objects)]

    assert found
    assert [complaint for args in found if (complaint := complaint_about(shlex.join(args)))] == []


@each_set
def test_every_file_that_the_configuration_names_is_mounted(values: str) -> None:
    """Keys and tokens lie where the program looks for them; the migration needs none of them."""
    objects = rendered(values)
    texts = [each["data"]["config.yaml"] for each in objects if "config.yaml" in each.get("data", {})]
    files = {name for text in texts for name in re.findall(r'"(?:file|token_file)": "([^"]+)"', text)}
    folders = {str(Path(file).parent) for file in files}

    for pod in pods(objects):
        needed = folders if pod.component != "migration" else set()
        assert needed | {"/etc/collector"} <= pod.volumes.keys()


@each_set
def test_variables_come_from_a_secret_only(values: str) -> None:
    """Nothing but the number of shards is spelled out in a pod."""
    objects = rendered(values)
    for pod in pods(objects):
        assert {entry["name"] for entry in pod.container.get("env", [])} <= {"JOB_COMPLETIONS"}
        assert all(source.keys() == {"secretRef"} for source in pod.container["envFrom"])
    assert "Secret" not in {each["kind"] for each in objects}


def test_a_shard_knows_which_it_is_and_of_how_many() -> None:
    """Kubernetes gives the index, the chart the number; without shards there is neither."""
    (pod,) = pods(rendered("shards"))
    job = pod.owner["spec"]["jobTemplate"]["spec"]
    env = {entry["name"]: entry["value"] for entry in pod.container["env"]}

    shards = [Shard.from_environment({**env, "JOB_COMPLETION_INDEX": str(index)}) for index in range(4)]

    assert (job["completionMode"], job["completions"], job["parallelism"]) == ("Indexed", 4, 4)
    assert [str(shard) for shard in shards] == ["0/4", "1/4", "2/4", "3/4"]
    (alone,) = pods(rendered("minimal"))
    assert "env" not in alone.container
    assert "completionMode" not in alone.owner["spec"]["jobTemplate"]["spec"]


@pytest.mark.parametrize(
    "name, action, limit", [("minimal", "FailJob", "backoffLimit"), ("shards", "FailIndex", "backoffLimitPerIndex")]
)
def test_what_a_repetition_may_mend_is_repeated(name: str, action: str, limit: str) -> None:
    """By the exit codes' own page; one shard's failure is that shard's alone."""
    job = only(rendered(name), "CronJob")["spec"]["jobTemplate"]["spec"]
    ignored, final = job["podFailurePolicy"]["rules"]
    table = dict(re.findall(r"^\| ([\d, ]+) \| .+ \| (.+) \|$", page("docs/howto/cronjob.md").text, re.MULTILINE))
    retried = {int(code) for codes, does in table.items() if does == "retry" for code in codes.split(",")}
    known = {int(code) for codes in table for code in codes.split(",")}

    assert (ignored["action"], ignored["onPodConditions"][0]["type"]) == ("Ignore", "DisruptionTarget")
    assert (final["action"], set(final["onExitCodes"]["values"])) == (action, known - retried - {0})
    assert final["onExitCodes"]["containerName"] == "collector"
    assert job[limit] == 2
    assert job["template"]["spec"]["restartPolicy"] == "Never"


def test_a_run_that_is_late_or_long_is_waited_for() -> None:
    """A moment's delay loses no run, and a run that takes long is not joined by the next."""
    job = only(rendered("minimal"), "CronJob")["spec"]

    assert job["concurrencyPolicy"] == "Forbid"
    assert job["startingDeadlineSeconds"] >= 10


@pytest.mark.parametrize("timeout", [None, "90s", "15m", "1.5h", "26h", "14d", "0.5s"])
def test_a_job_may_take_longer_than_its_sweep(timeout: str | None, tmp_path: Path) -> None:
    """However long that is: the program ends by itself before, and says which clusters it did not reach."""
    given = () if timeout is None else ("--set-string", f"config.api.sweep_timeout={timeout}")
    objects = render("--values", CHART / "ci/minimal-values.yaml", *given)
    (config,) = configs(objects, tmp_path)

    deadline_s = job_deadline_s(objects)

    assert isinstance(deadline_s, int)
    assert deadline_s == math.ceil(config.api.sweep_timeout_s) + 300


@pytest.mark.parametrize("timeout, deadline_s", [("2h", 7_200), ("2h", 5_000_000), ("${SWEEP_TIMEOUT}", 60)])
def test_whoever_knows_better_says_how_long_a_job_may_take(timeout: str, deadline_s: int) -> None:
    """To the second; of a time that only the pod knows the chart believes it."""
    given = ("--set", f"config.api.sweep_timeout={timeout},cronJob.activeDeadlineSeconds={deadline_s}")

    assert job_deadline_s(render("--values", CHART / "ci/minimal-values.yaml", *given)) == deadline_s


def job_deadline_s(objects: Sequence[Manifest]) -> object:
    """Find when Kubernetes ends a sweep's Job."""
    return only(objects, "CronJob")["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"]


def lasting_policy(objects: Sequence[Manifest]) -> Manifest:
    """Find the policy of all pods, and not the one that goes with the migration."""
    kept = [each for each in objects if "annotations" not in each["metadata"]]
    return dict(only(kept, "NetworkPolicy")["spec"])


@each_set
def test_all_that_is_not_named_is_denied(values: str) -> None:
    """The policy holds for every pod of the chart, both ways; without a service nobody gets in."""
    objects = rendered(values)
    policy = lasting_policy(objects)
    selector = policy["podSelector"]["matchLabels"].items()
    served = any(each["kind"] == "Deployment" for each in objects)

    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert all(selector <= pod.labels.items() for pod in pods(objects))
    assert bool(policy["ingress"]) is served
    assert all(rule["ports"] for rule in policy["ingress"] + policy["egress"])


@pytest.mark.parametrize(
    "values, ports",
    [
        ("minimal", [53, 53, 5432, 6432, 443]),
        ("shards", [53, 53, 5432, 6432, 443, 80]),
        ("everything", [53, 53, 6432, 443, 9091]),
    ],
)
def test_a_pod_may_speak_to_what_it_needs(values: str, ports: list[int]) -> None:
    """Names, PostgreSQL and the API; a metadata service only where it is the credential."""
    egress = lasting_policy(rendered(values))["egress"]

    assert [port["port"] for rule in egress for port in rule["ports"]] == ports


@pytest.mark.parametrize("values, ports", [("workload-identity", [53, 53, 5432, 6432]), ("everything", [53, 53, 6432])])
def test_the_migration_has_its_own_way_out(values: str, ports: list[int]) -> None:
    """It runs before the policy of all pods is there, which a namespace that denies by default would not survive."""
    objects = rendered(values)
    (policy,) = [each for each in objects if each["kind"] == "NetworkPolicy" and "annotations" in each["metadata"]]
    chosen = policy["spec"]["podSelector"]["matchLabels"].items()

    assert [pod.component for pod in pods(objects) if chosen <= pod.labels.items()] == ["migration"]
    assert policy["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert [port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]] == ports
    assert set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}


def test_the_api_is_at_no_address_of_a_metadata_service() -> None:
    """What a pod may ask for a token is its own token only."""
    rule = lasting_policy(rendered("minimal"))["egress"][2]

    assert rule["to"][0]["ipBlock"] == {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}


def test_workload_identity_has_a_token_of_its_own() -> None:
    """For the audience that the federation expects, where the configuration looks for it; the migration has none."""
    swept, migrated = sorted(pods(rendered("workload-identity")), key=lambda pod: pod.component, reverse=True)
    (source,) = swept.volumes["/var/run/secrets/tokens"]["projected"]["sources"]

    assert source["serviceAccountToken"] == {
        "path": "yc",
        "expirationSeconds": 3600,
        "audience": "https://auth.yandex.cloud",
    }
    assert "/var/run/secrets/tokens" not in migrated.volumes
    assert swept.spec["serviceAccountName"] == only(rendered("workload-identity"), "ServiceAccount")["metadata"]["name"]
