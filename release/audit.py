"""
Whether a vulnerability is known of any package of the lock, asked of a public service.

    python -m release.audit [OPTIONS OF pip-audit]

Exit codes: 0 none is known; 1 some are, each is named; 3 the service could not be asked, so nothing is known. Not
knowing is never "none".
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from release.pins import LOCK

NONE_KNOWN: Final = 0
SOME_KNOWN: Final = 1
NOT_ASKED: Final = 3


def audit(options: Sequence[str], lock: Path = LOCK) -> int:
    """Ask, print what is known, and return the exit code."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--disable-pip", "--progress-spinner=off"]
    ended = subprocess.run([*command, "--format=json", *options], capture_output=True, check=False, text=True)
    try:
        packages: list[Any] = json.loads(ended.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = ended.stderr.strip().rpartition("\n")[2] or f"exit {ended.returncode}"
        print(f"nothing is known: the service could not be asked ({reason})", file=sys.stderr)
        return NOT_ASKED
    return report(packages)


def report(packages: Sequence[Any]) -> int:
    """Print one line for each vulnerability, and one for all."""
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    found = [(each, flaw) for each in packages for flaw in each.get("vulns", ())]
    for package, flaw in found:
        fixed = ", ".join(flaw["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {flaw['id']}, mended in {fixed}")
    print(f"{len(packages) - len(skipped)} of {len(packages)} packages looked at, {len(found)} vulnerabilities known")
    if skipped:
        print(f"nothing is known of {', '.join(skipped)}", file=sys.stderr)
        return SOME_KNOWN if found else NOT_ASKED
    return SOME_KNOWN if found else NONE_KNOWN


if __name__ == "__main__":
    sys.exit(audit(sys.argv[1:]))
