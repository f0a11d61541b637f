"""The command line: one module a command, and what they share. Nothing heavy is imported before a command runs."""

from __future__ import annotations

from collector.cli.program import cli

__all__ = ["cli"]
