"""The tutorial, typed as it stands."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from collector.embedded import find_binaries
from tests.documents.pages import ROOT, page
from tests.ports import free_port

PATIENCE_S = 120.0


@pytest.fixture
def shell_home() -> Iterator[Path]:
    """Yield a home whose search path has the program and psql; whatever still runs there afterwards is ended."""
    home = Path(mkdtemp(prefix="collector-test-tutorial-"))
    home.chmod(0o711)  # PostgreSQL may run as another user
    program = home / "bin" / "collector"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m collector "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    yield home
    subprocess.run([program, "demo", "--stop"], env=environment(home), capture_output=True, timeout=30, check=False)
    shutil.rmtree(home)


def environment(home: Path) -> dict[str, str]:
    """Build the environment of a shell there."""
    places = [str(home / "bin"), str(find_binaries().bin_dir), os.environ["PATH"]]
    return {"PATH": os.pathsep.join(places), "HOME": str(home), "PYTHONPATH": str(ROOT), "PGCONNECT_TIMEOUT": "10"}


def type_in(script: str, home: Path) -> str:
    """Run a script in one shell, which ends at the first command that fails, and return what was printed."""
    tidy = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"  # else what it left running would hold our pipe
    command = ["bash", "-e", "-u", "-o", "pipefail", "-c", tidy + script]
    with subprocess.Popen(
        command,
        cwd=home,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            output, _ = shell.communicate(timeout=PATIENCE_S)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGTERM)
    assert shell.returncode == 0, output
    return output


def test_the_tutorial_does_what_it_says(shell_home: Path) -> None:
    """Every command succeeds, the numbers in the text are those on the screen, and nothing is left behind."""
    blocks = [block.text for block in page("docs/tutorial.md").blocks("sh") if block.mark != "untested"]

    output = type_in("\n".join(blocks).replace("8090", str(free_port())), shell_home)

    assert re.findall(r"^ (fresh|stale|unknown) +\| +(\d+)$", output, re.MULTILINE) == [
        ("fresh", "17"),
        ("stale", "5"),
        ("unknown", "2"),
    ]
    assert len(re.findall(r"^ok +", output, re.MULTILINE)) == 6
    assert "backups: 144 inserted; " in output
    assert "3 clusters: 3 fresh, 0 stale, 0 unknown" in output
    assert "backups: 144 unchanged; " in output
    assert re.search(r" unchanged, \d+ missing; ", output)
    assert re.search(r" unchanged, \d+ vanished; ", output)
    assert "exit code 1\n" in output
    assert re.search(r"^ catalog-prod +\| vanished +\| +[34]$", output, re.MULTILINE)
    assert not (shell_home / "inventory").exists()
