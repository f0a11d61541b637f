"""
The way in, chosen once for a command or a sweep: where to call, and who we are there.

What the configuration leaves out the environment says, by the names that the provider's own tools use; where that is
silent too, we are the service account of the machine. Two answers to one question are refused, never ranked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import structlog

from collector.api.auth import Credential, IamToken, read_token
from collector.api.calls import Patience, reworded
from collector.api.endpoints import Endpoints, resolve_endpoints
from collector.api.exchange import (
    advised,
    ask_metadata,
    exchange_key,
    exchange_oauth_token,
    exchange_workload_token,
)
from collector.api.keeper import TokenKeeper
from collector.api.key import parse_key
from collector.api.metadata import metadata_host
from collector.config.auth import AuthSettings
from collector.config.secrets import Secret, place_of, read_secret_text
from collector.config.settings import SecretSource
from collector.errors import CollectorError, CredentialError, ListingError

if TYPE_CHECKING:
    from collector.api.keeper import TokenExchange
    from collector.config import Config
    from collector.config.api import ApiSettings

KEY_VARIABLE: Final = "YC_SERVICE_ACCOUNT_KEY_FILE"
IAM_VARIABLE: Final = "YC_IAM_TOKEN"
ANY_VARIABLE: Final = "YC_TOKEN"
METADATA_CONNECT_S: Final = 1.0
METADATA_ATTEMPTS: Final = 3
IAM_PREFIX: Final = "t1."

WAYS: Final = (
    "set auth.service_account_key, auth.iam_token, auth.metadata, auth.workload_identity or auth.oauth_token, "
    f"or one of the environment variables {KEY_VARIABLE}, {IAM_VARIABLE} and {ANY_VARIABLE}"
)

OAUTH_ENDS: Final = "OAuth tokens end with 2026: use a service account key"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where to call, and who we are there."""

    endpoints: Endpoints
    credential: Credential
    kind: str
    """Which credential it is, by its key in section `auth`."""


@asynccontextmanager
async def open_access(config: Config, env: Mapping[str, str]) -> AsyncIterator[Access]:
    """
    Find out where to call and who we are, and get the first token; what keeps the token good ends with the context.

    A token service that is not there is no reason not to begin: it may be back for the first request, and each
    listing says what it lacked.

    Raises:
        CredentialError: there is no credential, it cannot be read, or it was refused.
        ConfigError, TransientError: `api.endpoints_from` does not lead to a list, or not now.
    """
    auth = check_credential(config.auth, env)
    endpoints = await resolve_endpoints(config.api)
    credential = credential_from(auth, env, endpoints=endpoints, patience=Patience.of(config.api))
    try:
        await _see_token(credential)
        yield Access(endpoints=endpoints, credential=credential, kind=kind_of(auth))
    finally:
        if isinstance(credential, TokenKeeper):
            await credential.aclose()


class StandingAccess:
    """An access that outlives one sweep, and with it its token. An async context manager, closed at its end."""

    def __init__(self, env: Mapping[str, str]) -> None:
        """Open nothing yet."""
        self._env = env
        self._stack = AsyncExitStack()
        self._opened: tuple[ApiSettings, set[str], AuthSettings, Access] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def of(self, config: Config) -> Access:
        """Give the access that this configuration means; opened anew only where it means another. Raises as that."""
        match self._opened:
            case (config.api, config.api.model_fields_set, config.auth, access):
                await _see_token(access.credential)
                return access
        self._opened = None
        await self._stack.aclose()
        access = await self._stack.enter_async_context(open_access(config, self._env))
        # A URL that is set to its default is equal to one that is left out, but `endpoints_from` gives only the latter.
        self._opened = (config.api, config.api.model_fields_set, config.auth, access)
        return access


def check_credential(auth: AuthSettings, env: Mapping[str, str]) -> AuthSettings:
    """
    Find the credential that is meant, and see that it can be read; no service is asked.

    Raises:
        CredentialError: several are meant, or the one cannot be read.
    """
    chosen = choose_auth(auth, env)
    check_readable(chosen, env)
    return chosen


def choose_auth(auth: AuthSettings, env: Mapping[str, str]) -> AuthSettings:
    """
    Find the credential that is meant: the configuration's, else the environment's. An empty variable is not set.

    Returns:
        A section with one kind, or with none: then it is the machine's service account, because nothing was said.

    Raises:
        CredentialError: several variables are set.
    """
    said = [name for name in (KEY_VARIABLE, IAM_VARIABLE, ANY_VARIABLE) if env.get(name)]
    if auth.kinds or not said:
        return auth
    if len(said) > 1:
        raise CredentialError(f"{' and '.join(said)} are set: exactly one credential may be; unset the others")
    name = said[0]
    source = SecretSource(env=name)
    if name == KEY_VARIABLE:
        holds_key = env[name].lstrip().startswith("{")
        return AuthSettings(service_account_key=source if holds_key else SecretSource(file=Path(env[name].strip())))
    if name == ANY_VARIABLE and not env[name].startswith(IAM_PREFIX):
        return AuthSettings(oauth_token=source)
    return AuthSettings(iam_token=source)


def kind_of(auth: AuthSettings) -> str:
    """Name the kind of a credential that was chosen."""
    return next(iter(auth.kinds), "metadata")


def check_readable(auth: AuthSettings, env: Mapping[str, str]) -> None:
    """
    See that the credential can be read where it lies, and warn of what is questionable about it.

    Raises:
        CredentialError: it cannot.
    """
    if auth.service_account_key is not None:
        key = read_secret_text(auth.service_account_key, env)
        parse_key(key.value, place=place_of(auth.service_account_key))
        _warn(key)
    for source in filter(None, (auth.iam_token, auth.oauth_token)):
        _warn(read_token(source, env))
    if auth.workload_identity is not None:  # projected tokens can be read by others as a rule: no warning
        read_token(SecretSource(file=auth.workload_identity.token_file), env)
    if auth.oauth_token is not None:
        log.warning("credential.ending", credential="oauth_token", reason=OAUTH_ENDS)


def credential_from(
    auth: AuthSettings, env: Mapping[str, str], *, endpoints: Endpoints, patience: Patience
) -> Credential:
    """
    Make the credential that was chosen; nothing is asked yet. A `TokenKeeper` wants to be closed.

    Raises:
        CredentialError: `$YC_METADATA_ADDR` is no address.
    """
    if auth.iam_token is not None:
        return IamToken(auth.iam_token, env)
    iam_url = endpoints.iam_url
    if auth.service_account_key is not None:
        exchange = exchange_key(auth.service_account_key, env, iam_url=iam_url, patience=patience)
        return TokenKeeper("service_account_key", exchange)
    if auth.oauth_token is not None:
        exchange = exchange_oauth_token(auth.oauth_token, env, iam_url=iam_url, patience=patience)
        return TokenKeeper("oauth_token", exchange)
    if auth.workload_identity is not None:
        url = endpoints.federation_url
        return TokenKeeper(
            "workload_identity", exchange_workload_token(auth.workload_identity, federation_url=url, patience=patience)
        )
    return TokenKeeper("metadata", _metadata_exchange(env, patience=patience, by_default=auth.metadata is None))


async def _see_token(credential: Credential) -> None:
    """Find out whether there is a credential; a token service that is away may be back for the requests."""
    with suppress(ListingError):
        await credential.token()


def _metadata_exchange(env: Mapping[str, str], *, patience: Patience, by_default: bool) -> TokenExchange:
    host = metadata_host(env)

    def advise(fault: CollectorError) -> CollectorError:
        if by_default:
            return CredentialError(f"no credential is configured, and {fault}: {WAYS}")
        return reworded(fault, f"{fault}: {WAYS}")

    # It is on this machine or nowhere: who has none is not to wait long for being told so.
    local = replace(
        patience,
        connect_timeout_s=min(patience.connect_timeout_s, METADATA_CONNECT_S),
        schedule=replace(patience.schedule, attempts=min(patience.schedule.attempts, METADATA_ATTEMPTS)),
    )
    return advised(ask_metadata(host, patience=local), advise)


def _warn(secret: Secret) -> None:
    if secret.warning is not None:
        log.warning("credential.exposed", reason=secret.warning)
