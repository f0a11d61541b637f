"""
Where to call: the addresses of the services we use, as configured or as the provider's own list has them.

An address out of a list is held against the same rules as one in the configuration: where it leads, a credential goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

import msgspec
from pydantic import TypeAdapter, ValidationError

from collector.api.calls import Patience, call
from collector.config.api import ApiSettings
from collector.config.values import ApiUrl
from collector.errors import ConfigError, PermanentError

SERVICE_IDS: Final = {"mdb_url": "managed-opensearch", "iam_url": "iam", "resource_manager_url": "resource-manager"}
"""Which entry of the list gives which setting. The ids of all managed databases lead to one host today."""

_URL: Final[TypeAdapter[str]] = TypeAdapter(ApiUrl)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The addresses of the services: scheme, host and port each."""

    mdb_url: str
    iam_url: str
    resource_manager_url: str
    federation_url: str

    @classmethod
    def configured(cls, settings: ApiSettings) -> Self:
        """Take them as they are set; no list is asked."""
        return cls(
            mdb_url=settings.mdb_url,
            iam_url=settings.iam_url,
            resource_manager_url=settings.resource_manager_url,
            federation_url=settings.federation_url,
        )


class _Entry(msgspec.Struct):
    id: str
    address: str


class _List(msgspec.Struct):
    endpoints: list[_Entry]


async def resolve_endpoints(settings: ApiSettings) -> Endpoints:
    """
    Find out where to call. An address that is set wins over the list, and no list is asked where all are set.

    Raises:
        TransientError: the list cannot be had now.
        ConfigError: what answers there is no such list, lacks a service, or names an address we do not take.
    """
    root = settings.endpoints_from
    wanted = {name: service for name, service in SERVICE_IDS.items() if name not in settings.model_fields_set}
    if root is None or not wanted:
        return Endpoints.configured(settings)
    try:
        answer = await call("the list of endpoints", f"{root}/endpoints", patience=Patience.of(settings))
        listed = msgspec.json.decode(answer.body, type=_List)
    except PermanentError as exc:
        raise ConfigError([f"api.endpoints_from: {exc}"]) from None
    except (ValueError, RecursionError):
        raise ConfigError([f"api.endpoints_from: {root}/endpoints answers what is no list of endpoints"]) from None
    addresses = {entry.id: entry.address for entry in listed.endpoints}
    found = {name: _url_of(addresses, service, root=root) for name, service in wanted.items()}
    return Endpoints.configured(settings.model_copy(update=found))


def _url_of(addresses: dict[str, str], service: str, *, root: str) -> str:
    address = addresses.get(service)
    if address is None:
        raise ConfigError([f"api.endpoints_from: the list of {root} has no service {service}"])
    # The list names no scheme. Plain http is for an emulator, whose root was reached by it; the check sees to loopback.
    scheme = urlsplit(root).scheme
    try:
        return _URL.validate_python(f"{scheme}://{address}").removesuffix(":443" if scheme == "https" else "")
    except ValidationError as exc:
        reason = exc.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(
            [f"api.endpoints_from: the address of {service} {reason} (there: {address[:60]!r})"]
        ) from None
