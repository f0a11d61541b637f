"""`collector config-schema`: what editors check a configuration against."""

from __future__ import annotations

import click


@click.command("config-schema")
def config_schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    import json

    from collector.config import config_schema as build

    click.echo(json.dumps(build(), indent=2))
