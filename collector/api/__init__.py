"""The way to Yandex Cloud's API: who we are, and one cluster's backups page by page."""

from __future__ import annotations

from collector.api.auth import Credential, IamToken, credential_from
from collector.api.client import Api
from collector.api.witness import Exchange, Witness

__all__ = ["Api", "Credential", "Exchange", "IamToken", "Witness", "credential_from"]
