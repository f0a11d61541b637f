"""
The token services: what they take, the tokens they gave out, and for how long those are good.

Real where a client could be wrong: the claim of a key is verified, a form is read as one, a metadata service wants its
header. Its faults are scripted like those of the lists, by the names of the services.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from collector.emulator.answers import Answer, Code, RefusedCall
from collector.emulator.claims import PublicKey, check_claim
from collector.emulator.faults import Faults

SERVICES: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("POST", "/iam/v1/tokens"): "iam",
        ("GET", "/computeMetadata/v1/instance/service-accounts/default/token"): "metadata",
        ("POST", "/oauth/token"): "federation",
        ("GET", "/endpoints"): "endpoints",
    }
)
"""What each request line asks for; the names are the scopes of recorded requests and of `Issuer.faults`."""

ENDPOINT_IDS: Final = ("iam", "managed-opensearch", "mdb-opensearch", "resource-manager")

_GRANT: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_SUBJECT: Final = "urn:ietf:params:oauth:token-type:id_token"


class Asked(NamedTuple):
    """A request to a token service."""

    service: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True, eq=False, kw_only=True)
class Issuer:
    """Gives out bearer tokens. Nothing is accepted in exchange but what was put into its fields."""

    life_s: float = 43_200.0
    """How long a token is good."""
    prefix: str = "t1.issued"
    """What tokens begin with; a number follows."""
    keys: dict[str, PublicKey] = field(default_factory=dict)
    """Authorized keys by their ids."""
    oauth_tokens: set[str] = field(default_factory=set)
    subject_tokens: dict[str, str] = field(default_factory=dict)
    """Workloads' own tokens, and the service account each is bound to."""
    has_machine: bool = True
    """Whether the machine has a service account."""
    endpoints: Mapping[str, str] | None = None
    """The list of endpoints: addresses by id; None: all lead here."""
    faults: Faults = field(default_factory=Faults)

    exchanges: Counter[str] = field(default_factory=Counter, init=False)
    """How many tokens each service gave out."""
    _ends_at: dict[str, float] = field(default_factory=dict, init=False, repr=False)

    def accepts(self, token: str) -> bool:
        """Tell whether a token is good now."""
        return time.monotonic() < self._ends_at.get(token, 0.0)

    def revoke(self) -> None:
        """End all tokens, whatever life they were given."""
        self._ends_at.clear()

    def answer(self, asked: Asked, *, url: str) -> Answer:
        """
        Answer as the service would.

        Args:
            asked: the request.
            url: where the emulator listens.

        Raises:
            RefusedCall: what was offered is not accepted.
        """
        match asked.service:
            case "endpoints":
                return self._list_endpoints(url)
            case "iam":
                self._check_iam(asked.body, url)
                ends_at = datetime.fromtimestamp(time.time() + self.life_s, UTC).isoformat(timespec="microseconds")
                expires_at = ends_at.replace("+00:00", "215Z")
                return _json({"iamToken": self._issue("iam"), "expiresAt": expires_at})
            case "metadata":
                self._check_metadata(asked.headers)
            case _:
                self._check_form(asked)
        token = self._issue(asked.service)
        return _json({"access_token": token, "expires_in": int(self.life_s), "token_type": "Bearer"})

    def _issue(self, service: str) -> str:
        self.exchanges[service] += 1
        token = f"{self.prefix}-{self.exchanges.total()}"
        self._ends_at[token] = time.monotonic() + self.life_s
        return token

    def _check_iam(self, body: bytes, url: str) -> None:
        try:
            offered = json.loads(body)
        except ValueError:
            raise RefusedCall(Code.INVALID_ARGUMENT, "The body is not JSON.") from None
        match offered:
            case {"jwt": str(jwt)}:
                check_claim(jwt, self.keys, audience=f"{url}/iam/v1/tokens", now_s=time.time())
            case {"yandexPassportOauthToken": str(token)} if token in self.oauth_tokens:
                pass
            case _:
                raise RefusedCall(Code.UNAUTHENTICATED, "OAuth token is invalid or expired")

    def _check_metadata(self, headers: Mapping[str, str]) -> None:
        if headers.get("Metadata-Flavor") != "Google":
            raise RefusedCall(Code.PERMISSION_DENIED, "Missing Metadata-Flavor:Google header")
        if not self.has_machine:
            raise RefusedCall(Code.NOT_FOUND, "no service account")

    def _check_form(self, asked: Asked) -> None:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode("latin-1")).items()}
        bound_to = self.subject_tokens.get(form.get("subject_token", ""))
        shape = (asked.headers.get("Content-Type"), form.get("grant_type"), form.get("subject_token_type"))
        if shape != ("application/x-www-form-urlencoded", _GRANT, _SUBJECT):
            raise RefusedCall(Code.INVALID_ARGUMENT, "invalid_request")
        if bound_to is None or bound_to != form.get("audience"):
            raise RefusedCall(Code.UNAUTHENTICATED, "invalid_grant")

    def _list_endpoints(self, url: str) -> Answer:
        here = dict.fromkeys(ENDPOINT_IDS, url.partition("://")[2])
        listed = here if self.endpoints is None else self.endpoints
        return _json({"endpoints": [{"id": name, "address": address} for name, address in listed.items()]})


def _json(members: Mapping[str, object]) -> Answer:
    return Answer(body=json.dumps(members).encode())
