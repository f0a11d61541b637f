"""The way to Yandex Cloud's API: where it is, who we are there, and one cluster's backups page by page."""

from __future__ import annotations

from collector.api.access import Access, StandingAccess, check_credential, open_access
from collector.api.auth import Credential, IamToken
from collector.api.client import Api
from collector.api.endpoints import Endpoints, resolve_endpoints
from collector.api.witness import Exchange, Witness

__all__ = [
    "Access",
    "Api",
    "Credential",
    "Endpoints",
    "Exchange",
    "IamToken",
    "StandingAccess",
    "Witness",
    "check_credential",
    "open_access",
    "resolve_endpoints",
]
