"""
The templates, filled in. What comes from outside is text there, never markup; a name that is not given is an error.

Nothing is shown that was not read, so a missing value is a bug here and not an empty space.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from collector.serve.page.asking import link
from collector.serve.page.sentence import OUTCOMES, REASONS
from collector.serve.page.words import FILTERS

PACKAGE: Final = "collector.serve.page"


def write_page(template: str, **values: object) -> str:
    """Fill in a template. Slow with many rows: for a thread."""
    return _environment().get_template(template).render(**values)


def read_asset(name: str) -> bytes:
    """Read a file that is served as it is."""
    return resources.files(PACKAGE).joinpath("assets", name).read_bytes()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(link=link, outcomes=OUTCOMES, reasons=REASONS)
    return environment
