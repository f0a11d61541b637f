"""What the page about Kubernetes shows can be done."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.deploy.rendering import ROOT, Manifest, configs, render
from tests.documents.pages import page
from tests.tools import need

PAGE: Final = page("docs/howto/kubernetes.md")
VALUES: Final = PAGE.blocks("yaml")
COMMANDS: Final = [line for block in PAGE.blocks("sh") for line in block.text.splitlines()]


@pytest.mark.parametrize("number", range(len(VALUES)))
def test_the_values_install_something_that_the_program_takes(number: int, tmp_path: Path) -> None:
    """Each example is whole: it can be copied as it stands."""
    file = tmp_path / "values.yaml"
    file.write_text(VALUES[number].text, encoding="utf-8")

    (config, *_) = configs(render("--values", file), tmp_path)

    assert config.clusters or config.discovery


def test_five_lines_are_enough() -> None:
    """Whoever tries it first need not read all values."""
    assert min(block.text.count("\n") for block in VALUES if "image:" in block.text) == 5


def test_helm_takes_the_commands(tmp_path: Path) -> None:
    """Rendered rather than installed, with all their options."""
    (tmp_path / "values.yaml").write_text(VALUES[0].text, encoding="utf-8")
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    commands = [shlex.split(line)[2:] for line in COMMANDS if line.startswith("helm install ")]

    ended = [
        subprocess.run([need("helm"), "template", *words], cwd=tmp_path, capture_output=True, check=False)
        for words in commands
    ]

    assert [done.returncode for done in ended] == [0]


def test_the_commands_name_what_is_there() -> None:
    """Objects by the names that the chart gives them, under the release that the page installs."""
    made = {f"{each['kind'].lower()}/{each['metadata']['name']}" for each in everything()}

    named = {found for line in COMMANDS for found in re.findall(r"\b(?:cronjob|service)/[\w-]+", line)}

    assert len(named) == 2
    assert named <= made


def test_secrets_are_made_under_the_names_that_the_values_have() -> None:
    """And the one of the variables under its default."""
    made = {found for line in COMMANDS for found in re.findall(r"create secret generic ([\w-]+)", line)}
    wanted = {found for block in VALUES for found in re.findall(r"^  files: ([\w-]+)", block.text, re.MULTILINE)}

    assert made == wanted | {"collector"}


def test_the_account_that_the_federation_knows_is_that_of_the_pods() -> None:
    """By the namespace and the name that the page's commands lead to."""
    (account,) = [each["metadata"]["name"] for each in everything() if each["kind"] == "ServiceAccount"]

    assert f"`system:serviceaccount:inventory:{account}`" in PAGE.text


def everything() -> list[Manifest]:
    """Render the objects of a CronJob and a service, as the page's release."""
    wanted = "service.enabled=true,secrets.files=collector-files,config.clusters[0].id=c9qexample0000000000"
    return render("--set", wanted)
