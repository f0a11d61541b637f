"""What a running service writes is to promtool's taste, whatever state clusters, sweeps and discoveries are in."""

from __future__ import annotations

import subprocess

from tests.serving import serving
from tests.tools import need


async def test_promtool_likes_what_the_service_writes(varied_url: str) -> None:
    """Well formed, and named and explained as Prometheus' conventions want it."""
    async with serving(varied_url) as service:
        text = (await service.ask("/metrics")).text
        series = await service.series()

    done = subprocess.run(  # noqa: ASYNC221 - nothing else runs here
        [need("promtool"), "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert series["cluster_listing_held", "c9qcluster  opensearch"] == 1.0
    assert series["cluster_quarantined_records", "c9qother  opensearch"] == 1.0
    assert series["discovery_outcome", "folder failed opensearch b1gaway"] == 1.0
    assert series["clusters", "excluded false"] == 1.0
    assert series["last_sweep_outcome", "partial"] == 1.0
