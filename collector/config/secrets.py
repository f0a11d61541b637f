"""Read a secret from where the configuration says it lies. The value appears in no message and no repr."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from collector.config.files import read_file
from collector.config.settings import SecretSource
from collector.errors import CredentialError

SECRET_BYTES_MAX: Final = 64 * 1024
_READABLE_BY_GROUP: Final = 0o040
_READABLE_BY_ALL: Final = 0o004


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret as it was read, and what is questionable about the place where it lies."""

    value: str = field(repr=False)
    warning: str | None = None
    """A sentence for the log; None where there is nothing to say."""


def read_secret(source: SecretSource, env: Mapping[str, str]) -> Secret:
    """
    Read a one-line secret, anew at each call. One line break at its end is dropped.

    Raises:
        CredentialError: absent, empty, unreadable, not a regular file, larger than 64 KiB, or with a
            control character, a line break or surrounding white space.
    """
    secret = read_secret_text(source, env)
    return Secret(value=_check(secret.value, place_of(source)), warning=secret.warning)


def read_secret_text(source: SecretSource, env: Mapping[str, str]) -> Secret:
    """
    Read a secret of any number of lines, as it stands.

    Raises:
        CredentialError: absent, unreadable, not a regular file, not UTF-8, or larger than 64 KiB.
    """
    if source.env is not None:
        if source.env not in env:
            raise CredentialError(f"the environment variable {source.env} is not set")
        return Secret(value=env[source.env])
    if source.file is not None:
        return _read_secret_file(source.file)
    raise CredentialError("a secret has no source: neither env nor file")


def place_of(source: SecretSource) -> str:
    """Say in words where a secret lies."""
    return f"the secret file {source.file}" if source.env is None else f"the environment variable {source.env}"


def _read_secret_file(path: Path) -> Secret:
    try:
        content = read_file(path, bytes_max=SECRET_BYTES_MAX)
    except OSError as exc:
        raise CredentialError(f"the secret file {path} cannot be read: {exc.strerror}") from None
    try:
        text = content.raw.decode("utf-8")
    except UnicodeDecodeError:
        raise CredentialError(f"the secret file {path} is not UTF-8") from None
    # Of a file that is another's, the group is what lets us in: Kubernetes mounts secrets like that (root's, 0440).
    others = _READABLE_BY_ALL | (_READABLE_BY_GROUP if content.owned else 0)
    open_to_others = bool(content.mode & others)
    warning = f"the secret file {path} can be read by others (mode {content.mode:04o})" if open_to_others else None
    return Secret(value=text, warning=warning)


def _check(text: str, place: str) -> str:
    value = text.removesuffix("\n").removesuffix("\r")
    if not value:
        raise CredentialError(f"{place} is empty")
    if not value.isprintable():
        raise CredentialError(f"{place} holds a line break or another control character")
    if value != value.strip():
        raise CredentialError(f"{place} holds white space before or after the secret")
    return value
