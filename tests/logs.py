"""The process's logging, given back as it was."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import stamina.instrumentation
import structlog


@contextmanager
def logging_kept() -> Iterator[None]:
    """Let the logging be configured within, with nothing bound by others; afterwards nothing of it is left."""
    structlog.contextvars.clear_contextvars()
    showwarning = warnings.showwarning
    handlers = logging.getLogger().handlers[:]
    try:
        yield
    finally:
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
        stamina.instrumentation.set_on_retry_hooks(None)
        logging.captureWarnings(capture=False)
        warnings.showwarning = showwarning
        logging.getLogger().handlers[:] = handlers
