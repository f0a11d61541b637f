"""Who is let in."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
import structlog

from collector.config import HttpSettings, SecretSource
from collector.errors import CredentialError
from collector.serve.guard import Gate

ENV = {"T": "s3cr3t"}


@pytest.mark.parametrize(
    "authorization, admitted",
    [
        ("Bearer s3cr3t", True),
        ("bearer s3cr3t", True),
        ("Bearer  s3cr3t", True),
        ("", False),
        ("Bearer", False),
        ("Bearer ", False),
        ("Bearer s3cr3", False),
        ("Bearer s3cr3t!", False),
        ("Basic s3cr3t", False),
        ("Basic " + b64encode(b"anybody:s3cr3t").decode(), True),
        ("basic " + b64encode(b":s3cr3t").decode(), True),
        ("Basic " + b64encode(b"s3cr3t:").decode(), False),
        ("Basic " + b64encode(b"s3cr3t").decode(), False),
        ("Basic " + b64encode(b"anybody:s3cr3t!").decode(), False),
        ("Basic \u00e9\udcff", False),
        ("s3cr3t", False),
        ("Bearer s\u00e9cr3t\udcff", False),
    ],
)
def test_only_the_token_opens(*, authorization: str, admitted: bool) -> None:
    """Whole, after the word Bearer; or as the password that a browser asks for, whatever the name."""
    gate = Gate(HttpSettings(token=SecretSource(env="T")), ENV)

    assert gate.admits(authorization) is admitted


@pytest.mark.parametrize("authorization", ["", "Bearer whatever"])
def test_without_a_token_everyone_is_let_in(authorization: str) -> None:
    """On loopback, or because the configuration says so."""
    assert Gate(HttpSettings(), {}).admits(authorization)


def test_a_token_that_is_replaced_counts_at_once(tmp_path: Path) -> None:
    """The old one is refused from then on; while there is none, all are."""
    file = tmp_path / "token"
    file.write_text("old")
    file.chmod(0o600)
    gate = Gate(HttpSettings(token=SecretSource(file=file)), {})

    file.write_text("new")
    assert (gate.admits("Bearer old"), gate.admits("Bearer new")) == (False, True)
    file.unlink()
    assert not gate.admits("Bearer new")


def test_a_token_that_cannot_be_read_is_told_before_anything_listens() -> None:
    """Not by a service that refuses everybody."""
    with pytest.raises(CredentialError, match="T is not set"):
        Gate(HttpSettings(token=SecretSource(env="T")), {})


def test_a_token_that_is_gone_is_told_once_until_it_is_back(tmp_path: Path) -> None:
    """Anybody can ask, and so would fill the log."""
    file = tmp_path / "token"
    file.write_text("old")
    file.chmod(0o600)
    gate = Gate(HttpSettings(token=SecretSource(file=file)), {})

    with structlog.testing.capture_logs() as lines:
        for _ in range(2):
            file.rename(tmp_path / "away")
            for _ in range(3):
                assert not gate.admits("Bearer old")
            (tmp_path / "away").rename(file)
            assert gate.admits("Bearer old")

    assert [line["event"] for line in lines] == ["token.unreadable"] * 2
