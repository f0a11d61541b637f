"""Whose certificate is verified on the way to PostgreSQL, and by which authorities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from collector.errors import DatabaseRefused
from collector.store.tls import check_authorities, unverified_hosts
from tests.authority import Authority


@pytest.mark.parametrize(
    "url, env, hosts",
    [
        ("postgresql://u@db.example/d", {}, ["db.example"]),
        ("postgresql://u:p%40w@db.example:6432/d?sslmode=require", {}, ["db.example"]),
        ("postgresql://u@db.example/d?sslmode=verify-ca", {}, ["db.example"]),
        ("postgresql://u@db.example/d?sslmode=verify-full", {}, []),
        ("postgresql://u@db.example/d", {"PGSSLMODE": "verify-full"}, []),
        ("postgresql://u@db.example/d?sslmode=prefer", {"PGSSLMODE": "verify-full"}, ["db.example"]),
        ("postgresql://u@a.example:1,b.example:2,localhost/d", {}, ["a.example", "b.example"]),
        ("postgresql:///d?host=db.example", {}, ["db.example"]),
        ("postgresql:///d", {"PGHOST": "db.example"}, ["db.example"]),
        ("postgresql://u@10.0.0.7/d", {}, ["10.0.0.7"]),
        ("postgresql://u@[2001:db8::1]:5432/d", {}, ["2001:db8::1"]),
        ("postgresql://u@[::1]:5432/d", {}, []),
        ("postgresql://u@127.0.0.1:5432/d", {}, []),
        ("postgresql:///d", {}, []),
        ("postgresql:///d?host=/run/postgresql", {}, []),
        ("postgresql://u@%2Frun%2Fpostgresql/d", {}, []),
    ],
)
def test_a_host_beyond_this_machine_is_proven_by_verify_full_alone(
    url: str, env: dict[str, str], hosts: list[str]
) -> None:
    """Where the address says nothing the environment counts, and then the driver's default, which proves nothing."""
    assert unverified_hosts(url, env) == hosts


def written(path: Path, text: str) -> Path:
    """Write a file that holds no certificate."""
    path.write_text(text, encoding="ascii")
    return path


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "absent": (lambda folder: folder / "ca.pem", "cannot be read: No such file or directory"),
    "empty": (lambda folder: written(folder / "ca.pem", ""), "holds no certificate"),
    "a-web-page": (lambda folder: written(folder / "ca.pem", "<html>\n"), "holds no certificate"),
}


@pytest.mark.parametrize("place", ["address", "environment"])
@pytest.mark.parametrize("make, reason", BAD.values(), ids=BAD.keys())
def test_authorities_that_cannot_be_read_are_named(
    tmp_path: Path, make: Callable[[Path], Path], reason: str, place: str
) -> None:
    """The file stands in the message, wherever it was named."""
    file = make(tmp_path)
    query, env = (f"?sslrootcert={file}", {}) if place == "address" else ("", {"PGSSLROOTCERT": str(file)})

    with pytest.raises(DatabaseRefused, match=f"sslrootcert: the file {file} {reason}"):
        check_authorities(f"postgresql://u@db.example/d{query}", env)


def test_authorities_that_can_be_read_are_no_fault(tmp_path: Path) -> None:
    """Nor is it one that none are named: the driver then looks where libpq does."""
    check_authorities(f"postgresql://u@db.example/d?sslrootcert={Authority(folder=tmp_path).file}", {})
    check_authorities("postgresql://u@db.example/d", {})
