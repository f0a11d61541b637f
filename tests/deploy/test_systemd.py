"""The units: systemd itself reads them, finds little that they may do, and starts commands that the program takes."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Final

import click
import pytest

from collector.cli import cli
from release.pins import ROOT

UNITS: Final = sorted((ROOT / "deploy" / "systemd").iterdir())
SERVICES: Final = [unit for unit in UNITS if unit.suffix == ".service"]

each_service = pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)


def settings(unit: Path) -> dict[str, list[str]]:
    """Read a unit's settings; each may stand several times."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the units as they are, but for the program's path, which does not exist here."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("this machine has no systemd-analyze")
    folder = tmp_path_factory.mktemp("units")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/backup-inventory-collector/bin/collector", "/bin/true")
        (folder / unit.name).write_text(text, encoding="utf-8")
    return folder


def test_systemd_has_nothing_against_the_units(installed: Path) -> None:
    """No unknown key, no value that it drops: both would only be a warning when it starts them."""
    command = ["systemd-analyze", "verify", "--man=no", *(str(installed / unit.name) for unit in UNITS)]

    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


@each_service
def test_systemd_finds_little_that_a_unit_may_do(installed: Path, unit: Path) -> None:
    """By its own measure, of 10 at worst."""
    command = [
        "systemd-analyze",
        "security",
        "--offline=true",
        "--no-pager",
        "--threshold=15",
        str(installed / unit.name),
    ]

    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    assert ended.returncode == 0, ended.stdout


@each_service
def test_a_unit_holds_no_secret_and_gains_no_rights(unit: Path) -> None:
    """Where systemd's own judgement is not to be had, too."""
    said = settings(unit)

    assert said["DynamicUser"] == said["NoNewPrivileges"] == said["ProtectHome"] == ["yes"]
    assert said["ProtectSystem"] == ["strict"]
    assert said["CapabilityBoundingSet"] == [""]
    assert said["LoadCredential"] == ["key.json:/etc/backup-inventory-collector/key.json"]
    assert said["Environment"] == ["YC_SERVICE_ACCOUNT_KEY_FILE=%d/key.json"]


@each_service
def test_a_unit_starts_a_command_that_the_program_takes(unit: Path) -> None:
    """Its options are read by the program's own parser."""
    (started,) = settings(unit)["ExecStart"]
    _, name, *arguments = shlex.split(started)

    context = cli.commands[name].make_context(name, arguments, parent=click.Context(cli))

    assert context.info_name == name


def test_a_timer_s_unit_tries_again_only_what_that_may_mend() -> None:
    """As the CronJob's: not what is incomplete, refused or a bug."""
    said = settings(ROOT / "deploy" / "systemd" / "backup-inventory-collector.service")

    assert said["Restart"] == ["on-failure"]
    assert said["RestartPreventExitStatus"] == ["1 2 70"]
