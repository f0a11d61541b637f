"""The Compose file shows the whole product, locked down, on this machine only."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from collector.cli.emulate import TOKEN
from collector.config import Config, load_config
from collector.emulator import demo_fleet
from tests.documents.pages import page
from tests.documents.test_commands import complaint_about

ROOT: Final = Path(__file__).resolve().parents[2]
FILE: Final = ROOT / "docker-compose.yml"


def compose(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Let Compose itself read a file; it needs no engine for that."""
    program = Path(sys.executable).with_name("docker-compose")
    command = [str(program), "--project-directory", str(ROOT), "--env-file", "/dev/null", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Read the services as Compose understands them."""
    done = compose("--file", str(FILE), "config", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)["services"]
    return found


@pytest.fixture(scope="module")
def config() -> Config:
    """Load the configuration that the collector gets there."""
    return load_config(ROOT / "deploy/compose/collector.yaml", {"DATABASE_URL": "postgresql://postgres/collector"})


def test_a_key_that_compose_does_not_know_is_noticed(tmp_path: Path) -> None:
    """The fixture above can fail."""
    file = tmp_path / "compose.yml"
    file.write_text(FILE.read_text(encoding="utf-8").replace("read_only:", "readonly:"), encoding="utf-8")

    assert compose("--file", str(file), "config", "--quiet").returncode == 1


def test_it_shows_the_whole_product(services: dict[str, Any]) -> None:
    """From the API to the pictures."""
    assert set(services) == {"postgres", "emulator", "collector", "prometheus", "grafana"}


def test_every_service_is_locked_down(services: dict[str, Any]) -> None:
    """Nothing is written but to volumes and memory, and nobody can become more than he is."""
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.keys() & {"privileged", "cap_add", "pid", "ipc"}, name


def test_every_port_is_published_on_this_machine_only(services: dict[str, Any]) -> None:
    """Neither the password of PostgreSQL nor the open page is a secret."""
    ports = [port for service in services.values() for port in service.get("ports", [])]

    assert {port["published"] for port in ports} == {"5432", "8080", "9090", "3000"}
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_each_waits_until_what_it_needs_is_well(services: dict[str, Any]) -> None:
    """The collector's own check is the image's."""
    needs = {
        name: {needed: how["condition"] for needed, how in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }

    assert set(needs["collector"]) == {"postgres", "emulator"}
    assert {condition for each in needs.values() for condition in each.values()} == {"service_healthy"}
    assert [name for name, service in services.items() if "healthcheck" not in service] == ["collector"]


def test_passwords_come_from_files(services: dict[str, Any]) -> None:
    """None stands in an environment, where `docker inspect` shows it."""
    variables = {key for service in services.values() for key in service.get("environment") or {}}
    spelled = [key for key in variables if re.search("PASSWORD|TOKEN|DATABASE_URL", key) and not key.endswith("_FILE")]

    assert spelled == []
    assert "$(cat /run/secrets/postgres-password)" in services["collector"]["command"][0]


def test_every_file_that_is_mounted_is_there(services: dict[str, Any]) -> None:
    """An engine would make an empty folder of what is missing."""
    mounts = [mount for service in services.values() for mount in service.get("volumes", []) if mount["type"] == "bind"]
    secrets = compose("--file", str(FILE), "config", "--format", "json").stdout
    files = [mount["source"] for mount in mounts] + [one["file"] for one in json.loads(secrets)["secrets"].values()]

    assert len(files) == 6
    assert all(mount["read_only"] for mount in mounts)
    assert [file for file in files if not Path(file).exists()] == []


def test_the_programs_take_their_commands(services: dict[str, Any]) -> None:
    """The emulator's and the service's, read by the program's own parser."""
    (script,) = services["collector"]["command"]
    started = re.search(r"exec collector (.+)", script)

    assert complaint_about(shlex.join(services["emulator"]["command"])) is None
    assert started is not None
    assert complaint_about(started[1]) is None


def test_the_collector_finds_the_emulator_where_it_listens(services: dict[str, Any], config: Config) -> None:
    """On the loopback address that they share, under the name that Prometheus looks for, with a token that it takes."""
    command = services["emulator"]["command"]

    assert services["collector"]["network_mode"] == "service:emulator"
    assert "collector" in services["emulator"]["networks"]["default"]["aliases"]
    assert config.api.mdb_url == f"http://127.0.0.1:{command[command.index('--port') + 1]}"
    assert (ROOT / "deploy/compose/iam-token").read_text(encoding="utf-8").strip() == TOKEN


def test_the_collector_discovers_the_whole_fleet(config: Config) -> None:
    """Every folder of the emulated cloud, with every service that it has."""
    fleet = demo_fleet(time.time_ns())
    wanted = {(each.folder_id, each.service) for each in fleet.clusters.values()}

    found = {(place.folder, service) for place in config.discovery for service in place.services}

    assert found == wanted


def test_the_database_has_the_address_that_the_file_s_head_names(services: dict[str, Any]) -> None:
    """Whoever copies it connects."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    head = " ".join(takewhile(lambda line: line.startswith("#"), lines))
    given = services["postgres"]["environment"]
    port = services["postgres"]["ports"][0]
    password = (ROOT / "deploy/compose/postgres-password").read_text(encoding="utf-8").strip()

    url = re.search(r"postgresql://(\w+):(\w+)@([\d.]+):(\d+)/(\w+)", head)

    assert url is not None
    assert url.groups() == (
        given["POSTGRES_USER"],
        password,
        port["host_ip"],
        port["published"],
        given["POSTGRES_DB"],
    )


@pytest.mark.parametrize("name", ["README.md", "docs/howto/compose.md"])
def test_a_document_starts_services_that_exist(services: dict[str, Any], name: str) -> None:
    """`docker compose up` with a name that is none would start nothing."""
    commands = re.findall(r"docker compose up -d --wait([ \w]*)", page(name).text)

    assert commands
    assert {word for words in commands for word in words.split()} <= set(services)


def test_the_file_is_plain_yaml() -> None:
    """Other readers than Compose understand it too."""
    assert yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
