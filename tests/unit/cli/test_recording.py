"""What a recording says of itself."""

from __future__ import annotations

import json
from pathlib import Path

from collector.cli.recording import Recording
from collector.cli.tape import Tape
from collector.config.clusters import ClusterSettings
from collector.config.model import Config
from collector.records import ClusterId


def test_a_recording_names_the_address_that_was_called(tmp_path: Path) -> None:
    """Another than the configured one, where a list of endpoints gave it."""
    config = Config(clusters=(ClusterSettings(id=ClusterId("c9qone")),))

    Recording.begin(tmp_path).write(config, Tape("all"), [], api_url="https://mdb.elsewhere")

    assert json.loads((tmp_path / "report.json").read_bytes())["api"] == "https://mdb.elsewhere"
