"""A ready token: read where it lies, as often as it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from collector.api.auth import IamToken, read_token
from collector.config.settings import SecretSource
from collector.errors import CredentialError

TOKEN = "t1.9euelZqVmZ2XlZOWi8iWkZeJmu3rnpWazJKSmJ7JkpOVk5eTlo2K"


def rotate(path: Path, token: str) -> None:
    """Put another token in the place of the old one."""
    path.write_text(token)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with a token that only we can read."""
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n")
    path.chmod(0o600)
    return path


async def test_a_file_is_read_anew_for_every_token(file: Path) -> None:
    """A secret that is replaced while we run is taken up."""
    credential = IamToken(SecretSource(file=file), {})

    first = await credential.token()
    rotate(file, "t1.newer")

    assert [first, await credential.token()] == [TOKEN, "t1.newer"]


async def test_a_refused_token_is_renewed_only_by_another_one_in_its_place(file: Path) -> None:
    """Somebody else renews it; the same one again would be refused again."""
    credential = IamToken(SecretSource(file=file), {})
    await credential.token()
    version = credential.version

    same = await credential.renew(version)
    rotate(file, "t1.newer")
    rotated = await credential.renew(version)

    assert (same, rotated) == (False, True)


async def test_a_token_that_is_gone_after_a_refusal_is_missed_by_name() -> None:
    """Half a rotation."""
    env = {"MINE": TOKEN}
    credential = IamToken(SecretSource(env="MINE"), env)
    await credential.token()
    del env["MINE"]

    with pytest.raises(CredentialError, match="the environment variable MINE is not set"):
        await credential.renew(credential.version)


@pytest.mark.parametrize("token", ["", "two words", "tökén", "a\nb"], ids=["empty", "space", "letters", "line-break"])
def test_what_cannot_be_a_token_is_refused_and_not_shown(token: str) -> None:
    """It could not travel in a header, and a header that breaks is a way in."""
    with pytest.raises(CredentialError) as caught:
        read_token(SecretSource(env="MINE"), {"MINE": token})

    assert "the environment variable MINE" in str(caught.value)
    assert not token or token not in str(caught.value)


async def test_a_credential_does_not_show_its_token(file: Path) -> None:
    """Neither in its repr nor in its fields."""
    credential = IamToken(SecretSource(file=file), {})
    await credential.token()

    show: Callable[[object], str] = repr
    assert TOKEN not in show(credential) + show(vars(credential))
