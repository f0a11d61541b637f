"""
The reference page of errors, made from their classes: `python -m tests.documents.errors_page` prints it.

Their docstrings say what happened; the exit codes are asked of the code that decides them.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from typing import Final

from collector.cli.ending import code_of, code_of_sweep
from collector.embedded.errors import EmbeddedError
from collector.errors import (
    CollectorError,
    ConfigError,
    CredentialError,
    DatabaseError,
    DiscoveryIncomplete,
    ListingError,
    OutputError,
    SchemaError,
    SpoolError,
    TransientError,
    UnreadableValue,
    UsageError,
)
from collector.parse.backup import ForeignRecord
from collector.records import Cluster, ClusterId, ListingResult, Summary, Traffic

Kind = type[CollectorError]

COMMAND: Final[tuple[Kind, ...]] = (
    UsageError,
    DiscoveryIncomplete,
    ConfigError,
    CredentialError,
    SchemaError,
    EmbeddedError,
    OutputError,
)
RECORD: Final[tuple[Kind, ...]] = (UnreadableValue, ForeignRecord)

_HEAD: Final = """\
# Errors

Made from the classes by `python -m tests.documents.errors_page`; edit their docstrings in `collector/errors.py`.

An error has a kind: a stable word. It stands in `inventory.listings.error`, at the beginning of
`inventory.clusters.last_error`, in `failures` of `collector run --output json`, and in the log. The message beside it
names the thing and the value seen. What the exit codes mean is in [cli.md](cli.md).
"""

_LISTING: Final = """\
## Of a listing

One cluster's listing did not end properly. The other clusters go on, and nothing of this cluster is marked as absent.
A run with such clusters ends with exit code 1; the column "all" has the code where no cluster was listed and all of
them failed in this way. Kinds that are retried are tried again within the listing, up to `api.attempts`; what stands
in the ledger is what it failed with at last.
"""

_COMMAND: Final = """\
## Of a command

The command cannot go on; the reason is on stderr. `credential` can also be the error of a listing.
"""

_DATABASE: Final = """\
## Of the database

Before a sweep has begun they end the command with the exit code in the table. Later they fail the listing that met
them; what was stored before stands.
"""

_RECORD: Final = """\
## Of a record

The record goes to `inventory.quarantine` with the field and the reason in words; the listing goes on and becomes
`partial`. If more than a tenth of the records are of kind `foreign_record`, the listing fails as `bad_answer`.
"""

_REST: Final = """\
## Words without a listing's error

They stand where a kind would stand, in `failures` of `collector run --output json`.

| word | means |
|---|---|
| `partial`, `held`, `superseded` | The outcome of a listing that ended, but is not complete. |
| `interrupted` | The sweep was stopped by a signal before this cluster was done. Exit codes 130 and 143. |
| `deadline` | Also: the sweep's time was up before this cluster was done. |
| `bug` | A fault in the program; the log has the traceback. Exit code 70. |
"""


def errors_page() -> str:
    """Write the page: a table for each place where an error can end."""
    listing = [(kind, "yes" if issubclass(kind, TransientError) else "no", _code_of_all(kind)) for kind in _listing()]
    command = [(kind, str(code_of(kind("")))) for kind in COMMAND]
    database = [(kind, str(code_of(kind("")))) for kind in _database()]
    parts = [_HEAD, _LISTING, _table(["retried", "all"], listing), _COMMAND, _table(["exit code"], command)]
    parts += [_DATABASE, _table(["exit code"], database), _RECORD, _table([], [(kind,) for kind in RECORD]), _REST]
    return "\n".join(parts)


def documented() -> set[Kind]:
    """List the classes that the page has a row for."""
    return {*_listing(), *_database(), *COMMAND, *RECORD}


def below(base: Kind) -> Iterator[Kind]:
    """List the program's subclasses of a class, each followed by its own."""
    for kind in base.__subclasses__():
        if kind.__module__.startswith("collector."):
            yield kind
            yield from below(kind)


def _listing() -> list[Kind]:
    return [*below(ListingError), SpoolError]


def _database() -> list[Kind]:
    return [DatabaseError, *below(DatabaseError)]


def _code_of_all(kind: Kind) -> str:
    result = ListingResult(
        cluster=Cluster(id=ClusterId("c9q")), outcome="failed", traffic=Traffic(), error=kind.kind, message=""
    )
    return str(code_of_sweep(Summary(outcome="failed", results=[result]), interrupted=None))


def _table(columns: Iterable[str], rows: Iterable[tuple[Kind, *tuple[str, ...]]]) -> str:
    heading = ["kind", "class", *columns, "means"]
    lines = [[f"`{kind.kind}`", f"`{kind.__name__}`", *cells, _sentence(kind)] for kind, *cells in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [heading, ["---"] * len(heading), *lines]) + "\n"


def _sentence(kind: Kind) -> str:
    return " ".join((inspect.getdoc(kind) or "").split())


if __name__ == "__main__":
    sys.stdout.write(errors_page())
