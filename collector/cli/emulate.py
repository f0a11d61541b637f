"""`collector emulate`: the API emulator on a port, for trying things out."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

import click

from collector.cli.ending import DONE, carry_out
from collector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collector.interrupt import Interrupt

TOKEN_VARIABLE: Final = "COLLECTOR_EMULATOR_TOKEN"  # noqa: S105 - the variable's name
TOKEN: Final = "t1.emulator"  # noqa: S105 - opens nothing

_SNIPPET: Final = """\
# A configuration for it (its token goes into the variable YC_IAM_TOKEN):
api: {{mdb_url: "{url}", requests_per_second: null}}
clusters:
{clusters}"""


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
def emulate(
    *, host: str, port: int, clusters: int | None, backups: int, seed: int, latency_s: float, hour_every_s: float | None
) -> None:
    """
    Serve an emulated API until interrupted; then the exit code is 0.

    It accepts the token in $COLLECTOR_EMULATOR_TOKEN, else `t1.emulator`. Prints its address, and a configuration.
    """
    from collector.emulator import Fleet, demo_fleet, serve_emulator
    from collector.interrupt import Interrupted
    from collector.logs import configure_logs

    configure_logs()
    token = os.environ.get(TOKEN_VARIABLE) or TOKEN
    now_ns = time.time_ns()

    def announce(line: str) -> None:
        fleet = (
            demo_fleet(now_ns)
            if clusters is None
            else Fleet.generate(clusters=clusters, backups=backups, seed=seed, now_ns=now_ns)
        )
        click.echo(line)
        click.echo(_snippet(line.split(maxsplit=1)[0], fleet.clusters))

    async def serve(interrupt: Interrupt) -> int:
        serving = serve_emulator(
            host=host,
            port=port,
            clusters=clusters,
            backups=backups,
            seed=seed,
            latency_s=latency_s,
            token=token,
            announce=announce,
            hour_every_s=hour_every_s,
            now_ns=now_ns,
        )
        try:
            await interrupt.unless_stopped(serving)
        except Interrupted:
            pass  # that is how it ends
        except OSError as exc:
            raise UsageError(f"cannot listen on {host}:{port}: {exc.strerror}") from None
        return DONE

    carry_out(serve)


def _snippet(url: str, cluster_ids: Iterable[str]) -> str:
    return _SNIPPET.format(url=url, clusters="\n".join(f"  - id: {cluster_id}" for cluster_id in cluster_ids))
