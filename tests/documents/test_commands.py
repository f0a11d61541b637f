"""Commands and configurations stand in the documents as the program takes them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from collector.cli import cli
from collector.config import load_config
from tests.documents.pages import ROOT, Page, page, pages

SECRETS = {
    "DATABASE_URL": "postgresql://127.0.0.1/x",
    "MIGRATE_URL": "postgresql://127.0.0.1/y",
    "YC_IAM_TOKEN": "t1.x",
}

each_page = pytest.mark.parametrize("document", pages(), ids=lambda document: document.name)


def complaint_about(arguments: str) -> str | None:
    """Let the program's own parser read a command; None: it has nothing against it."""
    words = shlex.split(arguments)
    if words[0] in {"--help", "--version"}:
        return None
    if words[0] not in cli.commands:
        return f"no command {words[0]}"
    command = cli.commands[words[0]]
    try:
        command.make_context(words[0], words[1:], parent=click.Context(cli))
    except click.UsageError as exc:
        return f"{arguments}: {exc.message}"
    return None


@each_page
def test_every_command_is_one_that_the_program_takes(document: Page) -> None:
    """Its name, its options and their values."""
    commands = [command.strip() for command in document.commands()]

    assert [complaint for command in commands if (complaint := complaint_about(command))] == []


@pytest.mark.parametrize("wrong", ["sweep", "run --all", "run --output yaml", "check --cluster x"])
def test_a_command_that_does_not_exist_is_noticed(wrong: str) -> None:
    """The test above can fail."""
    assert complaint_about(wrong) is not None


def test_the_readme_s_verbs_are_those_of_dev() -> None:
    """What it tells people to type first exists."""
    verbs = set(re.findall(r"\./dev ([\w-]+)", page("README.md").text))
    known = set(re.findall(r"^    \./dev ([\w-]+)", (ROOT / "dev").read_text(encoding="utf-8"), re.MULTILINE))

    assert {"demo", "test"} <= verbs <= known


ONE_CLUSTER = "clusters: [{id: c9qexample0000000000}]\n"
MANIFESTS = {"docs/howto/cronjob.md", "docs/howto/kubernetes.md", "docs/howto/scale.md"}
"""Their blocks are for Kubernetes and Helm; they have tests of their own."""
CONFIGURED = [document for document in pages() if document.blocks("yaml") and document.name not in MANIFESTS]


@pytest.mark.parametrize("document", CONFIGURED, ids=lambda document: document.name)
def test_every_configuration_loads(document: Page, tmp_path: Path) -> None:
    """What people copy is a whole configuration, or sections of one."""
    file = tmp_path / "config.yaml"
    for block in document.blocks("yaml"):
        whole = re.search(r"^(clusters|discovery):", block.text, re.MULTILINE)
        file.write_text(block.text if whole else ONE_CLUSTER + block.text, encoding="utf-8")

        config = load_config(file, SECRETS)

        assert config.clusters or config.discovery


@pytest.mark.parametrize(
    "name",
    ["README.md", "docs/howto/managed-postgresql.md", "docs/howto/pgbouncer.md", "docs/howto/service.md"],
)
def test_what_people_copy_first_is_whole(name: str) -> None:
    """It needs no other section to begin with."""
    first = yaml.safe_load(page(name).blocks("yaml")[0].text)

    assert {"database", "clusters"} <= set(first)


def test_every_key_that_is_named_exists() -> None:
    """A key of the configuration that is renamed is noticed where people are told to set it."""
    reference = page("docs/reference/config.md").text
    sections = re.split(r"^## ", reference, flags=re.MULTILINE)[1:]
    keys = {
        f"{section.split('`')[1]}.{key}"
        for section in sections
        for key in re.findall(r"^\| `(\w+)`", section, re.MULTILINE)
    }
    roots = {key.partition(".")[0] for key in keys}

    named = {
        found[0]
        for document in pages()
        for span in document.spans()
        if (found := re.match(r"[a-z_]+\.[a-z_]+", span)) and found[0].partition(".")[0] in roots
    }

    assert len(named) > 10
    assert named - keys == set()


@pytest.mark.parametrize("name", ["docs/howto/cronjob.md", "docs/howto/scale.md"], ids=["cronjob", "shards"])
def test_a_manifest_runs_a_command_that_the_program_takes(name: str) -> None:
    """The command in the pod is read by the program's own parser."""
    (block,) = page(name).blocks("yaml")
    manifest = yaml.safe_load(block.text)
    job = manifest.get("spec", manifest)["jobTemplate"]["spec"]
    (container,) = job["template"]["spec"]["containers"]

    program, *arguments = container["command"]

    assert program == "collector"
    assert complaint_about(shlex.join(arguments)) is None
    assert job["template"]["spec"]["restartPolicy"] == "Never"


def test_the_cronjob_s_manifest_is_short_and_repeats_what_a_repetition_may_mend() -> None:
    """It fails at once on those exit codes of the table that say so, and leaves the others to be tried again."""
    cronjob = page("docs/howto/cronjob.md")
    (block,) = cronjob.blocks("yaml")
    rules = yaml.safe_load(block.text)["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]

    final = {code for rule in rules if rule["action"] == "FailJob" for code in rule["onExitCodes"]["values"]}

    table = dict(re.findall(r"^\| ([\d, ]+) \| .+ \| (.+) \|$", cronjob.text, re.MULTILINE))
    retried = {int(code) for codes, does in table.items() if does == "retry" for code in codes.split(",")}
    assert block.text.count("\n") <= 25
    assert final == {int(code) for codes in table for code in codes.split(",")} - retried - {0}
