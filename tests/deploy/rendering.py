"""The chart as Helm renders it: values in, objects out."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from collector.config import Config, load_config
from tests.tools import need

ROOT: Final = Path(__file__).resolve().parents[2]
CHART: Final = ROOT / "deploy" / "helm" / "collector"
SETS: Final = sorted((CHART / "ci").glob("*.yaml"))
"""Values that the chart is tried with."""
ENV: Final = {"DATABASE_URL": "postgresql://127.0.0.1/x", "DATABASE_PASSWORD": "x", "MIGRATE_URL": ""}
"""What the Secret would give the program."""

each_set = pytest.mark.parametrize("values", [file.name.removesuffix("-values.yaml") for file in SETS])

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pod:
    """A template of pods, and the object that makes them."""

    owner: Manifest
    labels: dict[str, str]
    annotations: dict[str, str]
    spec: Manifest

    @property
    def container(self) -> Manifest:
        """Its one container."""
        (found,) = self.spec["containers"]
        return dict(found)

    @property
    def component(self) -> str:
        """What it does: sweep, service or migration."""
        return self.labels["app.kubernetes.io/component"]

    @property
    def volumes(self) -> dict[str, Manifest]:
        """Its volumes by the folder that each is mounted at."""
        volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        return {mount["mountPath"]: volumes[mount["name"]] for mount in self.container["volumeMounts"]}


def helm(command: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Helm on the chart."""
    called = [need("helm"), *command.split(), CHART, *arguments]
    return subprocess.run(called, capture_output=True, text=True, check=False)


def render(*arguments: str | Path, release: str = "inventory") -> list[Manifest]:
    """Render the chart's objects."""
    done = helm(f"template {release}", *arguments)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.load_all(done.stdout, yaml.CSafeLoader) if document]


@cache
def rendered(values: str) -> list[Manifest]:
    """Render one set of values, once."""
    return render("--values", CHART / "ci" / f"{values}-values.yaml")


def pods(objects: Sequence[Manifest]) -> Iterator[Pod]:
    """Find all pods that these objects would make."""
    for owner in objects:
        spec = owner.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        if template:
            about = template["metadata"]
            yield Pod(owner, about["labels"], about.get("annotations", {}), template["spec"])


def only(objects: Sequence[Manifest], kind: str) -> Manifest:
    """Find the one object of a kind."""
    (found,) = [each for each in objects if each["kind"] == kind]
    return found


def configs(objects: Sequence[Manifest], folder: Path) -> list[Config]:
    """Load the configurations of all ConfigMaps as the program does."""
    texts = [each["data"]["config.yaml"] for each in objects if "config.yaml" in each.get("data", {})]
    file = folder / "config.yaml"
    found = []
    for text in texts:
        file.write_text(text, encoding="utf-8")
        found.append(load_config(file, ENV))
    return found
