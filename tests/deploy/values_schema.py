"""
Bring the chart's `values.schema.json` up to date with the program's own schema of its configuration.

    python -m tests.deploy.values_schema

So `helm install` refuses a misspelled key of the configuration, and not the pod. All else in that file is kept by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from collector.config.schema import config_schema

FILE: Final = Path(__file__).resolve().parents[2] / "deploy" / "helm" / "collector" / "values.schema.json"

_LITERAL_PASSWORD: Final = "//[^/?#@:]*:[^$/?#@][^/?#@]*@"
_WITHOUT_SECRET: Final = {"minLength": 1, "not": {"type": "string", "pattern": _LITERAL_PASSWORD}}


def renewed(schema: dict[str, Any]) -> dict[str, Any]:
    """
    Put the program's schema into that of the values.

    Beyond it, a pod has no embedded PostgreSQL to fall back on, a ConfigMap holds no password, and where the service
    listens is the chart's to say.
    """
    program: dict[str, Any] = dict(config_schema())
    config: dict[str, Any] = {key: value for key, value in program.items() if key not in {"$schema", "$defs", "title"}}
    config["properties"] = {key: value for key, value in config["properties"].items() if key != "http"}
    config["required"] = ["database"]
    database = {
        "url": {"type": "string", **_WITHOUT_SECRET},
        "migrate_url": _WITHOUT_SECRET,
        "read_url": _WITHOUT_SECRET,
    }
    config["allOf"] = [{"properties": {"database": {"type": "object", "required": ["url"], "properties": database}}}]
    definitions = {key: value for key, value in program["$defs"].items() if key != "HttpSettings"}
    return {**schema, "properties": {**schema["properties"], "config": config}, "$defs": definitions}


def render() -> str:
    """Write what the file should hold."""
    return json.dumps(renewed(json.loads(FILE.read_text(encoding="utf-8"))), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
