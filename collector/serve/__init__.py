"""The service: sweeps on a schedule, and answers over HTTP. What it sweeps is done by the same function as a run."""

from __future__ import annotations

from collector.serve.exhibition import exhibit
from collector.serve.reload import ConfigFile
from collector.serve.service import serve

__all__ = ["ConfigFile", "exhibit", "serve"]
