"""The one command, its lock files, and what is built from this tree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.one_command import load_dev

ROOT = Path(__file__).resolve().parents[2]
LOCKS = [ROOT / "requirements.lock", ROOT / "benchmarks" / "requirements-peers.lock"]

each_lock = pytest.mark.parametrize("lock", LOCKS, ids=["product", "peers"])


@pytest.fixture(scope="module")
def dev() -> ModuleType:
    """Return the command as a module."""
    return load_dev()


def run_dev(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Start `./dev` from another folder."""
    command = [sys.executable, str(ROOT / "dev"), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


def pins(lock: Path) -> list[str]:
    """Split a lock file into its pins, each with the hashes that follow it."""
    text = lock.read_text(encoding="utf-8").replace("\\\n", "")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def version_of(pin: str) -> tuple[str, str]:
    """Read the name and the version of one pin."""
    name, _, rest = pin.partition("==")
    return canonicalize_name(name), rest.split()[0]


@pytest.mark.parametrize("arguments", [(), ("help",), ("--help",)], ids=["nothing", "help", "option"])
def test_help_names_every_verb(dev: ModuleType, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Whoever types `./dev` sees all that it can do."""
    ended = run_dev(*arguments, cwd=tmp_path)

    assert ended.returncode == 0
    assert set(re.findall(r"^ +\./dev ([\w-]+)", ended.stdout, re.MULTILINE)) == {*dev.VERBS, "help"}


def test_an_unknown_verb_is_a_usage_error(tmp_path: Path) -> None:
    """A slip of the finger ends at once, before any environment is made."""
    ended = run_dev("tset", cwd=tmp_path)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "tset" in ended.stderr


def test_an_old_python_can_read_the_command_as_far_as_its_refusal() -> None:
    """Python 3.6 parses the file, so that it can look for a newer Python or ask for one."""
    source = (ROOT / "dev").read_text(encoding="utf-8")

    tree = ast.parse(source, feature_version=(3, 6))

    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "__future__"]


@each_lock
def test_every_pin_has_hashes_and_no_host(lock: Path) -> None:
    """A package that is not the one we tried cannot be installed, wherever it comes from."""
    found = pins(lock)

    assert len(found) > 10
    assert [pin for pin in found if "--hash=sha256:" not in pin] == []
    assert "://" not in lock.read_text(encoding="utf-8")


@pytest.mark.parametrize("lock, group", [(LOCKS[0], "dev"), (LOCKS[1], "peers")], ids=["product", "peers"])
def test_the_lock_satisfies_the_project(lock: Path, group: str) -> None:
    """Nobody changed pyproject.toml and forgot `./dev lock`."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [Requirement(text) for text in settings["dependency-groups"][group]]
    if group == "dev":
        extras = settings["project"]["optional-dependencies"].values()
        wanted += [Requirement(text) for texts in [settings["project"]["dependencies"], *extras] for text in texts]

    versions = dict(version_of(pin) for pin in pins(lock))

    unmet = [str(one) for one in wanted if versions.get(canonicalize_name(one.name), "0") not in one.specifier]
    assert unmet == []


def test_the_build_backend_is_the_locked_one() -> None:
    """The product is built by a pinned backend too: an environment is made without fetching another."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    required = settings["build-system"]["requires"]

    assert required == [one for one in settings["dependency-groups"]["dev"] if one.startswith("hatchling==")]


def test_the_wheel_and_the_source_archive_hold_the_migrations(tmp_path: Path) -> None:
    """An installed program finds its schema without this tree."""
    build = [sys.executable, "-m", "hatchling", "build", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    migrations = {path.name for path in (ROOT / "migrations").glob("*.sql")}

    wheel = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        source = archive.getnames()

    assert migrations
    assert {Path(name).name for name in wheel if name.startswith("collector/_migrations/")} == migrations
    assert {Path(name).name for name in source if "/migrations/" in name} == migrations


def test_an_environment_without_its_stamp_is_half_made(dev: ModuleType, tmp_path: Path) -> None:
    """A folder that an interrupted run left behind is not taken for an environment."""
    half_made = dev.Environment(tmp_path, sys.executable)
    half_made.python.parent.mkdir()
    half_made.python.symlink_to(tmp_path / "gone")

    assert dev.read_stamp(half_made) == {}
    assert not dev.is_sound(half_made)


def test_an_environment_belongs_to_its_lock_and_its_folder(dev: ModuleType, tmp_path: Path) -> None:
    """What was made from other pins, or for another folder, does not pass for this tree's environment."""
    lock = tmp_path / "requirements.lock"
    lock.write_text("one==1\n", encoding="utf-8")
    before = dev.origin(dev.Environment(tmp_path, sys.executable, lock))

    lock.write_text("one==2\n", encoding="utf-8")
    after = dev.origin(dev.Environment(tmp_path, sys.executable, lock))

    assert before["root"] == after["root"] == str(ROOT)
    assert before["digest"] != after["digest"]


@pytest.mark.parametrize("own, used", [(None, "file:///pip"), ("file:///uv", "file:///uv")], ids=["unset", "set"])
def test_uv_looks_where_pip_looks_unless_told_otherwise(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, own: str | None, used: str
) -> None:
    """A mirror that is named for pip serves uv too, but never instead of one named for uv."""
    monkeypatch.delenv("UV_INDEX_URL", raising=False)
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "file:///pip")
    if own:
        monkeypatch.setenv("UV_DEFAULT_INDEX", own)

    settings = dev.installer_settings()

    assert settings["UV_DEFAULT_INDEX"] == used


def test_one_failed_step_fails_the_whole(dev: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    """Later steps run after a failed one, their closing lines are repeated, and the exit code tells."""
    steps = [
        dev.Step("first", [sys.executable, "-c", "print('== 1 failed =='); raise SystemExit(3)"]),
        dev.Step("second", [sys.executable, "-c", "print('more'); print('fine')"]),
    ]

    code = dev.conclude("test", [dev.take(step) for step in steps])

    *_, first, second, last = capfd.readouterr().out.splitlines()
    assert code == 1
    assert re.fullmatch(r"FAILED +[\d.]+ s  first +1 failed", first)
    assert re.fullmatch(r"ok +[\d.]+ s  second +fine", second)
    assert re.fullmatch(r"dev test: 2 steps in [\d.]+ s, failed: first", last)
