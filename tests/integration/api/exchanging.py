"""A place with every kind of credential, and token services on a socket that take them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector.config.api import ApiSettings
from collector.config.auth import AuthSettings
from collector.config.clusters import ClusterSettings
from collector.config.model import Config
from collector.emulator import Emulator, Issuer
from collector.records import ClusterId
from tests.keys import ACCOUNT, made_key

KEY = made_key()
OAUTH = "y0_AgAAAAoauthCANARY4f8z"
SUBJECT = "eyJhbGciOi.workloadCANARY9q2w.c2ln"


@dataclass(kw_only=True)
class Place:
    """A directory with every kind of secret, and token services that take them."""

    home: Path
    emulator: Emulator
    issuer: Issuer
    api: dict[str, Any] = field(default_factory=dict)

    def write(self, name: str, text: str) -> Path:
        """Write a secret file."""
        path = self.home / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def auth(self, kind: str) -> dict[str, Any]:
        """Configure a credential of this kind."""
        sections: dict[str, Callable[[], Any]] = {
            "service_account_key": lambda: {"file": self.write("key.json", KEY.as_written_by_yc())},
            "oauth_token": lambda: {"file": self.write("oauth", OAUTH)},
            "metadata": dict,
            "workload_identity": lambda: {
                "service_account_id": ACCOUNT,
                "token_file": self.write("subject", f"{SUBJECT}\n"),
            },
        }
        return {kind: sections[kind]()}

    def config(self, auth: dict[str, Any], **changes: Any) -> Config:
        """Compose a configuration that waits for nothing."""
        url = self.emulator.url
        quick = {
            "attempts": 2,
            "backoff_initial_s": 0.001,
            "connect_timeout_s": 2,
            "page_timeout_s": 10,
            "mdb_url": url,
            "iam_url": url,
            "federation_url": url,
        }
        return Config(
            api=ApiSettings(**{**quick, **self.api, **changes}),
            auth=AuthSettings.model_validate(auth),
            clusters=(ClusterSettings(id=ClusterId("c9q")),),
        )

    @property
    def env(self) -> dict[str, str]:
        """Lead the metadata service here."""
        return {"YC_METADATA_ADDR": self.emulator.url.removeprefix("http://")}


KINDS = {
    "service_account_key": "iam",
    "oauth_token": "iam",
    "metadata": "metadata",
    "workload_identity": "federation",
}
"""Each kind, and the service that exchanges it."""
