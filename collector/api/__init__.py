"""The way to Yandex Cloud's API: who we are, and one cluster's backups page by page."""

from __future__ import annotations

from collector.api.auth import Credential, IamToken, credential_from
from collector.api.client import Api

__all__ = ["Api", "Credential", "IamToken", "credential_from"]
