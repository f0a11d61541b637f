"""What the documents tell people to type beside the program itself: each line names what is there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
import yaml

from collector import __version__
from collector.serve.guard import OPEN_PATHS
from tests.documents.pages import ROOT, page, pages
from tests.documents.test_commands import complaint_about

LINES: Final = [
    (document.name, line.removeprefix("$ ").partition("  #")[0].strip())
    for document in pages()
    if document.name != "docs/tutorial.md"  # typed as a whole by a test of its own
    for block in document.blocks("sh", "console")
    for line in block.text.splitlines()
]
JUDGED: Final = {
    "collector",
    "./dev",
    "docker",
    "helm",
    "kubectl",
    "curl",
    "python3",
    "export",
    "pg_dump",
    "pg_restore",
}
"""Read here, or carried out or read by another test of the documents."""
NOT_JUDGED: Final = {"yc", "chmod", "cp", "systemctl", "journalctl", "psql"}
"""Programs of others that no package brings here; what they are told to read is looked for all the same."""
FILES: Final = re.compile(r"(?<!/)\b(?:deploy|docs)/[\w./-]+")


def typed(program: str) -> list[list[str]]:
    """List what a program is given, wherever the documents call it."""
    return [shlex.split(line)[1:] for _, line in LINES if line.split(" ")[0] == program]


def test_no_program_is_called_that_nobody_judges() -> None:
    """A new one is noticed, and gets a test or its place among those that have none."""
    called = {line.split(" ")[0] for _, line in LINES}

    assert {name for name in called - JUDGED - NOT_JUDGED if not name.endswith("/bin/pip")} == set()


def test_every_verb_and_every_module_exists() -> None:
    """In blocks and in prose, on every page."""
    known = set(re.findall(r"^    \./dev ([\w-]+)", (ROOT / "dev").read_text(encoding="utf-8"), re.MULTILINE))
    texts = [document.text for document in pages()]

    verbs = {verb for text in texts for verb in re.findall(r"\./dev ([\w-]+)", text)}
    modules = {name for text in texts for name in re.findall(r"python -m ([\w.]*\w)", text)}

    assert verbs - known == set()
    assert {name for name in modules if find_spec(name) is None} == set()


def test_every_file_that_a_command_reads_is_there() -> None:
    """Of this tree, by its path from the root."""
    named = {found for _, line in LINES for found in FILES.findall(line)}

    assert len(named) > 4
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_what_pip_installs_can_be_had_and_is_found_afterwards() -> None:
    """The extras are the project's, the wheel is of this version, and the next lines find the program."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    told = "\n".join(document.text for document in pages())

    assert set(re.findall(r"pip install '[\w.-]+\[(\w+)\]'", told)) <= set(extras)
    assert set(re.findall(r"backup_inventory_collector-([\d.]+)-py3", told)) == {__version__}
    for name in ("README.md", "docs/tutorial.md"):
        (block,) = [each.text for each in page(name).blocks("sh") if "env/bin/pip install" in each.text]
        assert block.endswith('export PATH="$PWD/env/bin:$PATH"\n')


def test_curl_asks_addresses_that_answer_without_a_token() -> None:
    """A runbook is read when there is no time to look for one."""
    asked = [words[-1].removeprefix("http://127.0.0.1:8080") for words in typed("curl")]

    assert asked
    assert set(asked) <= OPEN_PATHS


def test_compose_is_told_of_services_that_exist() -> None:
    """What runs in them is a command of the program, or a query that is tried elsewhere."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    tried = {block.text.strip().rstrip(";") for document in pages() for block in document.blocks("sql")}
    calls = [words[1:] for words in typed("docker") if words[0] == "compose"]
    runs = [words[1:] for words in calls if words[0] == "exec"]

    assert {words[0] for words in calls} == {"up", "exec", "logs", "down"}
    assert {word for words in calls if words[0] in {"up", "logs"} for word in words[1:] if word[0] != "-"} <= set(
        services
    )
    assert {service for service, *_ in runs} == {"collector", "postgres"}
    for service, program, *arguments in runs:
        if program == "collector":
            assert complaint_about(shlex.join(arguments)) is None
        else:
            assert (service, program, arguments[:3]) == ("postgres", "psql", ["-U", "collector", "-c"])
            assert arguments[3] in tried


def test_the_image_that_is_built_is_the_one_that_is_installed() -> None:
    """From the tree's Dockerfile, under the name and the tag that the chart's values lead to."""
    build, push = [words for words in typed("docker") if words[0] in {"build", "push"}]
    values = yaml.safe_load(page("docs/howto/kubernetes.md").blocks("yaml")[0].text)

    assert build[:3] == ["build", "-f", "deploy/Dockerfile"]
    assert build[4] == push[1] == f"{values['image']['repository']}:{__version__}"


def test_kubectl_takes_what_it_can_read_without_a_cluster(tmp_path: Path) -> None:
    """Namespaces and Secrets, from files that are there."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("this machine has no kubectl")
    for name in ("collector.env", "key.json", "http-token"):
        (tmp_path / name).write_text("DATABASE_URL=postgresql://\n", encoding="utf-8")
    made = [words for words in typed("kubectl") if not any(word.startswith("--from=") for word in words)]
    created = [words for words in made if "create" in words]

    ended = [
        subprocess.run(
            [kubectl, *words, "--dry-run=client", "--output=name"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        for words in created
    ]

    assert len(created) >= 4
    assert [done.stderr for done in ended if done.returncode] == []


def test_kubectl_reads_the_log_of_the_job_that_it_made() -> None:
    """Neither can be tried without a cluster."""
    calls = typed("kubectl")
    jobs = {words[-1] for words in calls if words[2:4] == ["create", "job"]}

    assert jobs
    assert {words[-1] for words in calls if "logs" in words} == {f"job/{name}" for name in jobs}


def test_systemd_is_given_units_that_exist() -> None:
    """Copied, started and watched under their own names."""
    units = {path.name for path in (ROOT / "deploy/systemd").iterdir()}
    told = [words[-1] for program in ("systemctl", "journalctl") for words in typed(program)]

    assert {name for name in told if name != "daemon-reload"} <= units
