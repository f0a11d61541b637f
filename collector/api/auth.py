"""
Who we are to the API: a credential gives the token of the moment, and another one when that is refused.

A ready token is never kept in a field, never printed, and read anew for every request, so that a secret that is
replaced while we run is taken up. What is exchanged for tokens is `keeper` and `exchange`; `access` chooses.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final, Protocol

from collector.config.secrets import Secret, place_of, read_secret
from collector.config.settings import SecretSource
from collector.errors import CredentialError

TOKEN_PATTERN: Final = re.compile(r"[\x21-\x7e]+")


class Credential(Protocol):
    """A way to get an IAM token."""

    @property
    def version(self) -> int:
        """Count the tokens until now: the same number before and after means the same token."""
        ...

    async def token(self) -> str:
        """Give a token that is good now. Raises CredentialError, or ListingError where a token service is at fault."""
        ...

    async def renew(self, version: int) -> bool:
        """
        Get another token, after the API refused the one of this version.

        Returns:
            False: there is no other, so that asking again is pointless.

        Raises:
            CredentialError, ListingError: as `token`.
        """
        ...


class IamToken:
    """A ready IAM token, from the environment or a file. Somebody else renews it."""

    def __init__(self, source: SecretSource, env: Mapping[str, str]) -> None:
        """Remember where the token lies, not the token."""
        self.version = 0
        """Counts the tokens that lay there until now."""
        self._source = source
        self._env = env
        self._digest = b""

    async def token(self) -> str:
        """Read the token where it lies. Raises CredentialError."""
        # A file of some hundred bytes, on a disk in memory as a rule: cheaper than a thread to read it in.
        return self.read().value

    async def renew(self, version: int) -> bool:
        """Look whether another token lies there now. Raises CredentialError."""
        self.read()
        return version != self.version

    def read(self) -> Secret:
        """Read the token, with what is questionable about its place. Raises CredentialError."""
        secret = read_token(self._source, self._env)
        digest = hashlib.sha256(secret.value.encode()).digest()
        self.version += digest != self._digest
        self._digest = digest
        return secret


def read_token(source: SecretSource, env: Mapping[str, str]) -> Secret:
    """Read a token of any kind: one word that can travel in a header. Raises CredentialError."""
    secret = read_secret(source, env)
    if not TOKEN_PATTERN.fullmatch(secret.value):
        raise CredentialError(f"{place_of(source)} holds spaces or characters that no token has")
    return secret
