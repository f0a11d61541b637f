"""
What is exchanged for an IAM token, and where: a service account key, an OAuth token, a workload's token, a machine.

What they exchange is read anew each time, so that what is rotated is taken up. A refusal is a CredentialError: a person
must act. A service that is not there is a TransientError, as it is for a page.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec

from collector.api.answer import Answer
from collector.api.auth import read_token
from collector.api.calls import Patience, call
from collector.api.dates import parse_http_date
from collector.api.keeper import IssuedToken, TokenExchange
from collector.api.key import parse_key, sign_claim
from collector.api.secret_body import SecretBody
from collector.config.auth import WorkloadIdentitySettings
from collector.config.secrets import place_of, read_secret_text
from collector.config.settings import SecretSource
from collector.errors import (
    BadAnswer,
    ClusterNotFound,
    CollectorError,
    CredentialError,
    PermissionDenied,
    RequestRefused,
    Unauthenticated,
    UnreadableValue,
)
from collector.timestamps import epoch_ns, parse_timestamp

IAM_PATH: Final = "/iam/v1/tokens"
FEDERATION_PATH: Final = "/oauth/token"
METADATA_PATH: Final = "/computeMetadata/v1/instance/service-accounts/default/token"

REFUSALS: Final = (Unauthenticated, PermissionDenied, ClusterNotFound, RequestRefused)
"""What a token service says of the credential, not of itself."""


class _IamToken(msgspec.Struct):
    iam_token: str = msgspec.field(name="iamToken")
    expires_at: str = msgspec.field(name="expiresAt")


class _AccessToken(msgspec.Struct):
    access_token: str
    expires_in: float


def exchange_key(source: SecretSource, env: Mapping[str, str], *, iam_url: str, patience: Patience) -> TokenExchange:
    """Exchange a service account's key."""
    address = f"{iam_url}{IAM_PATH}"

    def claim() -> str:
        key = parse_key(read_secret_text(source, env).value, place=place_of(source))
        return sign_claim(key, audience=address, now_s=int(time.time()))

    async def exchange() -> IssuedToken:
        jwt = await asyncio.to_thread(claim)
        body = SecretBody(content=msgspec.json.encode({"jwt": jwt}), content_type="application/json", secrets=(jwt,))
        answer = await _asked("service account key", address, patience=patience, body=body)
        return _taken(_read_iam_token(answer), address)

    return exchange


def exchange_oauth_token(
    source: SecretSource, env: Mapping[str, str], *, iam_url: str, patience: Patience
) -> TokenExchange:
    """Exchange the OAuth token of a Yandex account."""
    address = f"{iam_url}{IAM_PATH}"

    async def exchange() -> IssuedToken:
        token = read_token(source, env).value
        content = msgspec.json.encode({"yandexPassportOauthToken": token})
        body = SecretBody(content=content, content_type="application/json", secrets=(token,))
        answer = await _asked("OAuth token", address, patience=patience, body=body)
        return _taken(_read_iam_token(answer), address)

    return exchange


def exchange_workload_token(
    settings: WorkloadIdentitySettings, *, federation_url: str, patience: Patience
) -> TokenExchange:
    """Exchange the token that the place we run in gives us (RFC 8693)."""
    address = f"{federation_url}{FEDERATION_PATH}"
    source = SecretSource(file=settings.token_file)

    async def exchange() -> IssuedToken:
        subject = read_token(source, {}).value
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "audience": settings.service_account_id,
            "subject_token": subject,
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        }
        body = SecretBody(
            content=urlencode(form).encode(), content_type="application/x-www-form-urlencoded", secrets=(subject,)
        )
        answer = await _asked("workload's token", address, patience=patience, body=body)
        return _taken(_read_access_token(answer), address)

    return exchange


def ask_metadata(host: str, *, patience: Patience) -> TokenExchange:
    """Ask the machine's metadata service for a token of its service account."""
    address = f"http://{host}{METADATA_PATH}"

    async def exchange() -> IssuedToken:
        try:
            answer = await call(
                "the metadata service", address, patience=patience, headers={"Metadata-Flavor": "Google"}
            )
        except ClusterNotFound as exc:
            raise CredentialError(f"{exc}: this machine has no service account") from None
        except REFUSALS as exc:
            raise CredentialError(str(exc)) from None
        return _taken(_read_access_token(answer), address)

    return exchange


def advised(exchange: TokenExchange, advise: Callable[[CollectorError], CollectorError]) -> TokenExchange:
    """Say more of what goes wrong before the first token."""
    begun = False

    async def wrapped() -> IssuedToken:
        nonlocal begun
        try:
            issued = await exchange()
        except CollectorError as exc:
            if begun:
                raise
            fault = exc
        else:
            begun = True
            return issued
        raise advise(fault)

    return wrapped


async def _asked(what: str, address: str, *, patience: Patience, body: SecretBody) -> Answer:
    try:
        return await call("the token service", address, patience=patience, body=body)
    except REFUSALS as exc:
        refusal = f"the {what} was refused by {exc}"
    raise CredentialError(refusal)


def _taken(outcome: IssuedToken | str, address: str) -> IssuedToken:
    if isinstance(outcome, str):
        raise BadAnswer(f"{address}: {outcome}", status=200)
    return outcome


def _read_iam_token(answer: Answer) -> IssuedToken | str:
    """Read what the IAM answers; a sentence where it is no token. Never quotes the answer: a token may be in it."""
    try:
        issued = msgspec.json.decode(answer.body, type=_IamToken)
        ends_at_s = epoch_ns(parse_timestamp(issued.expires_at)) / 1e9
    except (ValueError, RecursionError):
        return "what answers is not the token service: no iamToken and expiresAt in it"
    except UnreadableValue:
        return "the token's expiresAt is not an instant"
    return _issued(issued.iam_token, ends_at_s - _now_s(answer))


def _read_access_token(answer: Answer) -> IssuedToken | str:
    try:
        issued = msgspec.json.decode(answer.body, type=_AccessToken)
    except (ValueError, RecursionError):
        return "what answers is not the token service: no access_token and expires_in in it"
    return _issued(issued.access_token, issued.expires_in)


def _issued(value: str, life_s: float) -> IssuedToken | str:
    if not (value.isascii() and value.isprintable()) or not value or " " in value:
        return "the token holds characters that no token has"
    if not life_s > 0:
        return f"the token ended {-life_s:.0f} s ago, before it was issued"
    return IssuedToken(value=value, life_s=life_s)


def _now_s(answer: Answer) -> float:
    """Tell the time by the service's clock, which wrote `expiresAt`; ours may be wrong."""
    dated_at = parse_http_date(answer.headers.get("date", ""))
    return time.time() if dated_at is None else dated_at.timestamp()
