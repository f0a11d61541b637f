"""
The bill of materials: every package that a run may need, with version, licence and hashes, as CycloneDX 1.6.

    python -m release.bill [FILE]

The same tree and Python give the same bytes: no time is in it, and its serial number is a digest of its content.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from collector import __version__
from release.licences import licence_of
from release.pins import ROOT, Pin, all_extras, closure, direct_requirements, read_pins

NAME: Final = "backup-inventory-collector"
FILE: Final = ROOT / "dist" / f"{NAME}-{__version__}.cdx.json"
_NAMESPACE: Final = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""RFC 9562's for addresses."""

Json = dict[str, Any]


def bill_of_materials() -> str:
    """Write the bill. Raises ValueError or KeyError where a package has no pin, or no licence."""
    extras = all_extras()
    pins, needed = read_pins(), closure(*extras)
    direct = sorted({each.name for each in direct_requirements(*extras)})
    content: Json = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _product()},
        "components": [_component(pins[name]) for name in needed],
        "dependencies": [
            {"ref": NAME, "dependsOn": [reference(pins[name]) for name in direct]},
            *(_dependency(pins[name], asked, pins) for name, asked in needed.items()),
        ],
    }
    serial = uuid.uuid5(_NAMESPACE, json.dumps(content, sort_keys=True))
    return json.dumps({**content, "serialNumber": f"urn:uuid:{serial}"}, indent=2, sort_keys=True) + "\n"


def reference(pin: Pin) -> str:
    """Name a package as package URLs do."""
    return f"pkg:pypi/{pin.name}@{pin.version}"


def _product() -> Json:
    licences = [{"license": {"id": "Apache-2.0"}}]
    return {"type": "application", "bom-ref": NAME, "name": NAME, "version": __version__, "licenses": licences}


def _component(pin: Pin) -> Json:
    """Describe a package. Its hashes are those of all the files that the lock allows, whatever the platform."""
    return {
        "type": "library",
        "bom-ref": reference(pin),
        "name": pin.name,
        "version": pin.version,
        "purl": reference(pin),
        "licenses": [{"expression": licence_of(pin.name)}],
        "properties": [{"name": "collector:lock:sha256", "value": each} for each in pin.hashes],
    }


def _dependency(pin: Pin, asked: frozenset[str], pins: Mapping[str, Pin]) -> Json:
    return {"ref": reference(pin), "dependsOn": sorted(reference(pins[name]) for name in asked)}


def main(path: Path = FILE) -> None:
    """Write the bill into a file and say where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(bill_of_materials(), encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
