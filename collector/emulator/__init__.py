"""
A faithful stand-in for the managed databases' REST API, for the demo, the tests and the benchmarks.

It shares nothing with the product but the tree of errors, so that what it serves can judge what the product read.
"""

from __future__ import annotations

from collector.emulator.actions import Gate
from collector.emulator.answers import Code
from collector.emulator.backups import INSTANT_NS_MAX, INSTANT_NS_MIN, EmulatedBackup
from collector.emulator.claims import PublicKey
from collector.emulator.clusters import EmulatedCluster, Order
from collector.emulator.demo import demo_fleet
from collector.emulator.faults import Faults, Rule
from collector.emulator.fleet import Fleet
from collector.emulator.issuer import Issuer
from collector.emulator.random_faults import random_faults
from collector.emulator.recording import RecordedRequest
from collector.emulator.render import render_backup, render_timestamp
from collector.emulator.replay import Replay, serve_recording
from collector.emulator.server import Emulator
from collector.emulator.serving import serve_emulator
from collector.emulator.tape import Recording, read_recording

__all__ = [
    "INSTANT_NS_MAX",
    "INSTANT_NS_MIN",
    "Code",
    "EmulatedBackup",
    "EmulatedCluster",
    "Emulator",
    "Faults",
    "Fleet",
    "Gate",
    "Issuer",
    "Order",
    "PublicKey",
    "RecordedRequest",
    "Recording",
    "Replay",
    "Rule",
    "demo_fleet",
    "random_faults",
    "read_recording",
    "render_backup",
    "render_timestamp",
    "serve_emulator",
    "serve_recording",
]
