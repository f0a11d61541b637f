"""
What the interpreter runs before the program: a clock that is wrong, a resolver that hangs, a fault nobody foresaw.

It stands in for the machine around the process, where a test cannot get at that. Faults wait for a file in the
program's home, so that a test says when they come.
"""

from __future__ import annotations

import os
from typing import Final

from tests.acceptance.program import ROOT, Program

WRONG_CLOCK: Final = """
import datetime, time
honest = time.time
time.time = lambda: honest() + {ahead_s}
time.time_ns = lambda: int(time.time() * 1_000_000_000)

class Instant(datetime.datetime):
    __slots__ = ()

    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time(), tz)

datetime.datetime = Instant
"""

HANGING_RESOLVER: Final = """
import os, socket, time
look_up = socket.getaddrinfo

def look_up_or_hang(host, *more, **named):
    if host == "hanging.example" and os.path.exists("hang"):
        time.sleep(120)
    return look_up("127.0.0.1" if host == "hanging.example" else host, *more, **named)

socket.getaddrinfo = look_up_or_hang
"""
"""`hanging.example` is this machine, until there is a file `hang`."""

CRASH: Final = """
import os
from collector.serve import reload
honest = reload.mark_of

def mark_or_die(path):
    if os.path.exists("crash"):
        raise ZeroDivisionError
    return honest(path)

reload.mark_of = mark_or_die
"""
"""A part of the service dies once there is a file `crash`."""

STALL: Final = """
import os, time
from collector.interrupt import Interrupt
from collector.serve.tally import Tally
honest = Tally.note_lag

def note_or_stall(self, lag_s):
    if os.path.exists("stall"):
        os.rename("stall", "stalled")
        time.sleep(120)
    honest(self, lag_s)

Tally.note_lag = note_or_stall
Interrupt.__init__.__kwdefaults__["patience_s"] = 1.0
"""
"""The event loop stands still once there is a file `stall`; 25 s of patience are one."""

SLOW_START: Final = """
import os, time
import collector.config as config
honest = config.load_config

def load_late(*arguments):
    open("reading", "x").close()
    while not os.path.exists("go"):
        time.sleep(0.01)
    return honest(*arguments)

config.load_config = load_late
"""
"""The configuration takes long to read: a file `reading` says that it has begun, a file `go` lets it end."""

SCARCITY: Final = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({most}, {most}))
"""
"""The system gives the process no descriptor beyond so many."""


def prelude(program: Program, code: str, *, name: str = "prelude") -> dict[str, str]:
    """Lay down what is to run first, and return the environment for a process that is to meet it."""
    folder = program.home / name
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
