"""Which packages the program brings along when it runs, and which of the lock's versions and hashes they have."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parents[1]
LOCK: Final = ROOT / "requirements.lock"

_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One package of the lock."""

    name: str
    version: str
    marker: str
    """For which Pythons and platforms; empty: for all."""
    hashes: tuple[str, ...]
    """SHA-256 of each file that may be installed for it."""
    text: str
    """As it stands in the lock, its hashes with it."""


def read_pins(lock: Path = LOCK) -> Mapping[str, Pin]:
    """Read a lock file, by name. Raises ValueError at a line that is no pin with hashes."""
    lines = lock.read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    pins = [_parse(line) for line in lines if line and not line.startswith("#")]
    return {pin.name: pin for pin in pins}


def _parse(line: str) -> Pin:
    requirement, *_ = line.split(" --hash=")
    match = re.fullmatch(r"([\w.-]+)==([\w.!+-]+)(?: ; (.+))?", requirement.strip())
    hashes = tuple(_HASH.findall(line))
    if match is None or not hashes:
        raise ValueError(f"no pin with hashes: {line[:80]}")
    text = " \\\n    ".join([requirement.strip(), *(f"--hash=sha256:{each}" for each in hashes)])
    return Pin(name=canonicalize_name(match[1]), version=match[2], marker=match[3] or "", hashes=hashes, text=text)


def direct_requirements(*extras: str) -> Sequence[Requirement]:
    """List what the project itself asks for, with these extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [*project["dependencies"], *(text for extra in extras for text in project["optional-dependencies"][extra])]
    return [Requirement(text) for text in texts]


def all_extras() -> Sequence[str]:
    """Name the project's extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return sorted(project["optional-dependencies"])


def closure(*extras: str) -> Mapping[str, frozenset[str]]:
    """
    Follow the requirements of installed packages, as they apply to this Python and platform.

    Returns:
        Every package that a run needs, with the names of those that each of them asks for in its turn.
    """
    found: dict[str, frozenset[str]] = {}
    followed: set[tuple[str, frozenset[str]]] = set()
    waiting = [each for each in direct_requirements(*extras) if each.marker is None or each.marker.evaluate()]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        chosen = frozenset(requirement.extras)
        if (name, chosen) in followed:
            continue
        followed.add((name, chosen))
        asked = [each for each in map(Requirement, metadata.requires(name) or []) if _applies(each, chosen)]
        found[name] = found.get(name, frozenset()) | {canonicalize_name(each.name) for each in asked}
        waiting += asked
    return dict(sorted(found.items()))


def _applies(requirement: Requirement, extras: frozenset[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))
