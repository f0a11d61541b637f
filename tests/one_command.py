"""The one command of this tree as a module, so that its parts can be called; its name has no suffix to import it by."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType


def load_dev() -> ModuleType:
    """Load `dev` anew."""
    spec = spec_from_loader("dev", SourceFileLoader("dev", str(Path(__file__).resolve().parents[1] / "dev")))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
