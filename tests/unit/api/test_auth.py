"""Who we are to the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog.testing

from collector.api.auth import IamToken, credential_from
from collector.config.auth import AuthSettings
from collector.config.settings import SecretSource
from collector.errors import CredentialError

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "t1.9euelZqVmZ2XlZOWi8iWkZeJmu3rnpWazJKSmJ7JkpOVk5eTlo2K"


async def test_a_named_variable_holds_the_token() -> None:
    """The configuration names the place, never the secret."""
    credential = credential_from(
        AuthSettings(iam_token=SecretSource(env="MINE")), {"MINE": TOKEN, "YC_IAM_TOKEN": "no"}
    )

    assert await credential.token() == TOKEN


async def test_the_usual_variable_is_taken_where_nothing_is_configured() -> None:
    """`YC_IAM_TOKEN` is what the provider's tools use."""
    assert await credential_from(AuthSettings(), {"YC_IAM_TOKEN": TOKEN}).token() == TOKEN


async def test_a_file_is_read_anew_for_every_token(tmp_path: Path) -> None:
    """A secret that is replaced while we run is taken up."""
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o600)
    credential = credential_from(AuthSettings(iam_token=SecretSource(file=file)), {})

    first = await credential.token()
    file.write_text("t1.newer")

    assert [first, await credential.token()] == [TOKEN, "t1.newer"]


def test_no_credential_names_the_ways_to_give_one() -> None:
    """The sentence is what a new user reads first."""
    with pytest.raises(CredentialError, match=r"iam_token.*file: PATH.*YC_IAM_TOKEN"):
        credential_from(AuthSettings(), {})


@pytest.mark.parametrize("token", ["", "two words", "tökén", "a\nb"], ids=["empty", "space", "letters", "line-break"])
def test_what_cannot_be_a_token_is_refused_at_the_start_and_not_shown(token: str) -> None:
    """It could not travel in a header, and a header that breaks is a way in."""
    with pytest.raises(CredentialError) as caught:
        credential_from(AuthSettings(), {"YC_IAM_TOKEN": token})

    assert not token or token not in str(caught.value)


def test_a_credential_does_not_show_its_token() -> None:
    """Neither in its repr nor in its fields."""
    credential = credential_from(AuthSettings(), {"YC_IAM_TOKEN": TOKEN})

    assert isinstance(credential, IamToken)
    assert TOKEN not in repr(credential)


def test_a_file_that_others_can_read_is_named_in_the_log(tmp_path: Path) -> None:
    """It works, and somebody should know."""
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o644)

    with structlog.testing.capture_logs() as lines:
        credential_from(AuthSettings(iam_token=SecretSource(file=file)), {})

    assert [line["event"] for line in lines] == ["credential.exposed"]
    assert TOKEN not in str(lines)
