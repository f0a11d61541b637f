"""`collector check`: everything that would keep a run from succeeding, found before one is tried."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from collector.cli.ending import carry_out, code_of
from collector.cli.settings import config_file, config_option, load_settings
from collector.errors import CollectorError, UsageError

if TYPE_CHECKING:
    from collector.api import Access
    from collector.cli.findings import Finding
    from collector.cli.probes import Lens
    from collector.cli.recording import Recording
    from collector.config import Config
    from collector.descriptions import Known
    from collector.interrupt import Interrupt

Reach = Literal["all", "file"]
Output = Literal["text", "json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What was asked for."""

    config: Config
    file: Path
    reach: Reach
    recording: Recording | None


@click.command()
@config_option
@click.option("--offline", "reach", flag_value="file", default="all", help="Only the configuration file.")
@click.option(
    "--record",
    "directory",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Read every page of each list, also of clusters that `discovery` finds, and keep the answers in DIR, new or "
    "empty, with a report on them.",
)
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check(*, reach: Reach, directory: Path | None, output: Output) -> None:
    """
    Say what is missing: in the configuration, the database, the credential, and the rights on each cluster.

    Asks for one page of each cluster's backups, and of each folder or cloud of `discovery`, and writes nothing to the
    database. One line for each item, `ok`, `warn` or `FAILED`, with what to do about it; the exit code is that of the
    worst. With `--output json` exactly one JSON object goes to stdout, unless the configuration cannot be read.
    """
    if directory is not None and reach == "file":
        raise UsageError("--offline and --record exclude each other: only the API has answers to record")
    config = load_settings()
    recording = _begin_recording(directory)
    request = _Request(config=config, file=config_file(), reach=reach, recording=recording)
    carry_out(lambda interrupt: _check(request, output, interrupt))


def _begin_recording(directory: Path | None) -> Recording | None:
    if directory is None:
        return None
    from collector.cli.recording import Recording

    return Recording.begin(directory)


async def _check(request: _Request, output: Output, interrupt: Interrupt) -> int:
    return await interrupt.unless_stopped(_check_all(request, output))


async def _check_all(request: _Request, output: Output) -> int:
    from collector.cli.findings import findings_json, worst_code

    findings: list[Finding] = []
    async for finding in _findings(request):
        findings.append(finding)
        if output == "text":
            click.echo(str(finding))
    if output == "json":
        click.echo(findings_json(findings))
    return worst_code(findings)


async def _findings(request: _Request) -> AsyncIterator[Finding]:
    from collector.cli.findings import Finding

    config = request.config
    places = f", {len(config.discovery)} places to find others" if config.discovery else ""
    yield Finding(item="configuration", text=f"{request.file}: {len(config.clusters)} clusters{places}")
    if request.reach == "file":
        return
    folders: dict[str, str] = {}
    async for finding in _database(config, folders):
        yield finding
    async with AsyncExitStack() as stack:
        access, finding = await _access(config, stack)
        yield finding
        if access is not None:
            async for finding in _lists(request, access, folders):
                yield finding


async def _database(config: Config, folders: dict[str, str]) -> AsyncIterator[Finding]:
    """Look at the database, and fill in what it knows of the clusters' folders."""
    from collector.cli.database import UNPROVEN, checked_url, unproven_hosts
    from collector.cli.findings import Finding
    from collector.cli.inspection import inspect_database, remembered_folders

    async with AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(checked_url(config, os.environ))
        except CollectorError as exc:
            yield Finding(item="database", exit_code=code_of(exc), text=str(exc), error=exc.kind)
            return
        async for finding in inspect_database(config, url):
            yield finding
        if hosts := unproven_hosts(config, os.environ):
            advice = "add sslmode=verify-full and sslrootcert to the database's URL"
            yield Finding(item="database", text=f"{', '.join(hosts)}: {UNPROVEN}", advice=advice)
        folders.update(await remembered_folders(config, url))


async def _access(config: Config, stack: AsyncExitStack) -> tuple[Access | None, Finding]:
    from collector.api import open_access
    from collector.cli.findings import Finding

    try:
        access = await stack.enter_async_context(open_access(config, os.environ))
        await access.credential.token()
    except CollectorError as exc:
        text = f"{exc}; clusters were not asked for"
        return None, Finding(item="credential", exit_code=code_of(exc), text=text, error=exc.kind)
    return access, Finding(item="credential", text=f"found: {access.kind}")


async def _lists(request: _Request, access: Access, folders: Mapping[str, str]) -> AsyncIterator[Finding]:
    """Look at what is to be discovered, then at the clusters: where all is recorded, also at those that were found."""
    from collector.cli.probes import probe_clusters
    from collector.cli.sources import probe_sources

    config, recording = request.config, request.recording
    lens = _lens(request, access, folders)
    told: list[Finding] = []
    found: list[Known] = []
    async for finding in probe_sources(config, access, lens, found=found):
        told.append(finding)
        yield finding
    known = () if recording is None else found
    async for finding in probe_clusters(config, access.credential, lens, known=known):
        told.append(finding)
        yield finding
    if recording is not None:
        yield recording.write(config, lens.tape, told, api_url=access.endpoints.mdb_url)


def _lens(request: _Request, access: Access, folders: Mapping[str, str]) -> Lens:
    from collector.cli.advice import proxies_in
    from collector.cli.probes import Lens
    from collector.cli.tape import Tape

    return Lens(
        depth="page" if request.recording is None else "listing",
        tape=Tape("heads" if request.recording is None else "all"),
        endpoints=access.endpoints,
        folders=folders,
        proxies=proxies_in(os.environ),
    )
