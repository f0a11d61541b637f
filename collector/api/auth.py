"""
Who we are to the API: a credential gives the token of the moment.

A token is never kept in a field, never printed, and read anew for every
request, so that a secret that is replaced while we run is taken up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from collector.config.secrets import Secret, read_secret
from collector.config.settings import SecretSource
from collector.errors import CredentialError

if TYPE_CHECKING:
    from collector.config.auth import AuthSettings

TOKEN_VARIABLE: Final = "YC_IAM_TOKEN"  # noqa: S105 - the variable's name
TOKEN_PATTERN: Final = re.compile(r"[\x21-\x7e]+")

log = structlog.get_logger()


class Credential(Protocol):
    """A way to get an IAM token."""

    async def token(self) -> str:
        """Give a token that is good now. Raises CredentialError."""
        ...


class IamToken:
    """A ready IAM token, from the environment or a file. Somebody else renews it."""

    def __init__(self, source: SecretSource, env: Mapping[str, str]) -> None:
        """Remember where the token lies, not the token."""
        self._source = source
        self._env = env

    async def token(self) -> str:
        """Read the token where it lies. Raises CredentialError."""
        # A file of some hundred bytes, on a disk in memory as a rule: cheaper than a thread to read it in.
        return _read_token(self._source, self._env).value


def credential_from(auth: AuthSettings, env: Mapping[str, str]) -> Credential:
    """
    Find the credential that the configuration means, and see that it can be read.

    Args:
        auth: where it names nothing, the environment variable `YC_IAM_TOKEN` is taken.
        env: the environment.

    Raises:
        CredentialError: there is none, or it cannot be read.
    """
    source = auth.iam_token
    if source is None and TOKEN_VARIABLE not in env:
        raise CredentialError(
            f"no credential: set auth.iam_token to {{env: NAME}} or {{file: PATH}}, "
            f"or the environment variable {TOKEN_VARIABLE}",
        )
    source = source or SecretSource(env=TOKEN_VARIABLE)
    warning = _read_token(source, env).warning
    if warning is not None:
        log.warning("credential.exposed", reason=warning)
    return IamToken(source, env)


def _read_token(source: SecretSource, env: Mapping[str, str]) -> Secret:
    secret = read_secret(source, env)
    if not TOKEN_PATTERN.fullmatch(secret.value):
        raise CredentialError("the IAM token holds spaces or characters that no token has")
    return secret
