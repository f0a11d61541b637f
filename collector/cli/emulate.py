"""`collector emulate`: the API emulator on a port, for trying things out, or a recording served again."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from collector.cli.ending import DONE, carry_out
from collector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from collector.emulator import Fleet
    from collector.interrupt import Interrupt

TOKEN_VARIABLE: Final = "COLLECTOR_EMULATOR_TOKEN"  # noqa: S105 - the variable's name
TOKEN: Final = "t1.emulator"  # noqa: S105 - opens nothing

SERVICE: Final = "opensearch"
"""Which a configuration means where it names none."""

_SNIPPET: Final = """\
# A configuration for it ({accepted} goes into the variable YC_IAM_TOKEN):
api: {{mdb_url: "{url}", {more}requests_per_second: null}}
clusters:
{clusters}"""
_OF_A_FLEET: Final = ("clusters", "backups", "seed", "latency_s", "hour_every_s")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8090, show_default=True, help="0: any free port.")
@click.option("--clusters", type=click.IntRange(min=0), help="How many clusters; else the demo's fleet.")
@click.option(
    "--backups", type=click.IntRange(min=0), default=336, show_default=True, help="Backups that each of them keeps."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed draws the same clusters.")
@click.option(
    "--latency", "latency_s", type=click.FloatRange(min=0), default=0.0, show_default=True, help="Seconds to an answer."
)
@click.option(
    "--hour-every", "hour_every_s", type=click.FloatRange(min=0, min_open=True), help="Seconds in which an hour passes."
)
@click.option(
    "--from",
    "directory",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Serve what `check --record` wrote there, to any token; excludes all that describes a made-up fleet.",
)
def emulate(
    *,
    host: str,
    port: int,
    clusters: int | None,
    backups: int,
    seed: int,
    latency_s: float,
    hour_every_s: float | None,
    directory: Path | None,
) -> None:
    """
    Serve an emulated API until interrupted; then the exit code is 0.

    It accepts the token in $COLLECTOR_EMULATOR_TOKEN, else `t1.emulator`. Prints its address, and a configuration.
    """
    from collector.logs import configure_logs

    configure_logs()
    if directory is not None:
        _refuse_fleet()
        _serve(_replayed(directory, host=host, port=port), host=host, port=port)
        return
    fleet = _drawn(clusters, backups=backups, seed=seed)
    _serve(_made_up(fleet, host=host, port=port, latency_s=latency_s, hour_every_s=hour_every_s), host=host, port=port)


def _refuse_fleet() -> None:
    context = click.get_current_context()
    given = [
        option.opts[0]
        for option in context.command.params
        if option.name in _OF_A_FLEET
        and context.get_parameter_source(option.name) is not click.core.ParameterSource.DEFAULT
    ]
    if given:
        raise UsageError(f"--from and {given[0]} exclude each other: a recording is served as it is")


def _serve(serving: Coroutine[object, object, None], *, host: str, port: int) -> None:
    from collector.interrupt import Interrupted

    async def serve(interrupt: Interrupt) -> int:
        try:
            await interrupt.unless_stopped(serving)
        except Interrupted:
            pass  # that is how it ends
        except OSError as exc:
            raise UsageError(f"cannot listen on {host}:{port}: {exc.strerror}") from None
        return DONE

    carry_out(serve)


def _replayed(directory: Path, *, host: str, port: int) -> Coroutine[object, object, None]:
    from collector.emulator import read_recording, serve_recording

    recording = read_recording(directory)
    more = f"page_size: {recording.page_size}, " if recording.page_size else ""

    def announce(line: str) -> None:
        click.echo(line)
        entries = (
            _entry(cluster_id, _service_of(answer.question.path for answer in answers))
            for cluster_id, answers in recording.clusters.items()
        )
        url = line.split(maxsplit=1)[0]
        manager = f'resource_manager_url: "{url}", ' if any("cloud" in entry for entry in recording.discovery) else ""
        click.echo(_snippet(url, entries, accepted="any token", more=manager + more))
        if recording.discovery:
            click.echo("\n".join(["discovery:", *(f"  - {json.dumps(entry)}" for entry in recording.discovery)]))

    return serve_recording(recording, host=host, port=port, announce=announce)


def _drawn(clusters: int | None, *, backups: int, seed: int) -> Fleet:
    from collector.emulator import Fleet, demo_fleet

    now_ns = time.time_ns()
    if clusters is None:
        return demo_fleet(now_ns)
    return Fleet.generate(clusters=clusters, backups=backups, seed=seed, now_ns=now_ns)


def _made_up(
    fleet: Fleet, *, host: str, port: int, latency_s: float, hour_every_s: float | None
) -> Coroutine[object, object, None]:
    from collector.emulator import serve_emulator

    def announce(line: str) -> None:
        click.echo(line)
        entries = (_entry(cluster.id, cluster.service) for cluster in fleet.clusters.values())
        click.echo(_snippet(line.split(maxsplit=1)[0], entries, accepted="its token"))

    return serve_emulator(
        fleet,
        host=host,
        port=port,
        latency_s=latency_s,
        token=os.environ.get(TOKEN_VARIABLE) or TOKEN,
        announce=announce,
        hour_every_s=hour_every_s,
    )


def _service_of(paths: Iterable[str]) -> str:
    from collector.services import service_at

    return next((service.name for service in map(service_at, paths) if service is not None), SERVICE)


def _snippet(url: str, entries: Iterable[str], *, accepted: str, more: str = "") -> str:
    return _SNIPPET.format(url=url, accepted=accepted, more=more, clusters="\n".join(entries))


def _entry(cluster_id: str, service: str) -> str:
    said = "" if service == SERVICE else f"\n    service: {service}"
    return f"  - id: {cluster_id}{said}"
