"""
How the server dies with the program that started it, even by kill -9.

Linux tells a child of its parent's death by a signal (`setpriv --pdeathsig`,
prctl(2)); elsewhere a shell waits on a pipe that only we hold open.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Final

from collector.embedded.account import Account, runs
from collector.embedded.binaries import child_environment

Process = subprocess.Popen[bytes]

_WATCH: Final = 'read -r _; kill -INT "$1"'


def death_signal(account: Account) -> tuple[str, ...]:
    """
    Spell the beginning of a command that ties it to the thread that starts it; empty where this system has none.

    It stands before the account's own prefix: entering a user namespace keeps the signal. Changing the user loses it,
    but an account that does so has changed before anything runs.
    """
    setpriv = shutil.which("setpriv")
    before = (setpriv, "--pdeathsig", "INT", "--") if setpriv else ()
    return before if before and runs(account, before=before) else ()


def spawn(launch: Callable[[], Process]) -> Process:
    """
    Start the server from a thread that lives as long as the server, and reaps it.

    The signal of `death_signal` comes when the *thread* that started the child ends (prctl(2)), so no caller's
    thread will do.
    """
    born: Future[Process] = Future()
    Thread(target=_keep, args=(launch, born), name="embedded-postgres", daemon=True).start()
    return born.result()


def watch(process: Process) -> None:
    """End the server when we are gone, without a `death_signal`."""
    watcher = subprocess.Popen(  # noqa: S603 (a constant script, a number)
        ["/bin/sh", "-c", _WATCH, "sh", str(process.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=child_environment(),
        start_new_session=True,
    )
    Thread(target=_dismiss, args=(watcher, process), name="embedded-postgres-watcher", daemon=True).start()


def _keep(launch: Callable[[], Process], born: Future[Process]) -> None:
    try:
        process = launch()
    except BaseException as exc:  # noqa: BLE001 (raised again in the caller's thread)
        born.set_exception(exc)
        return
    born.set_result(process)
    process.wait()


def _dismiss(watcher: Process, process: Process) -> None:
    """Kill the watcher of an ended server, before its pipe closes: the pid may belong to another by then."""
    process.wait()
    watcher.kill()
    watcher.communicate()
