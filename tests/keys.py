"""Authorized keys of service accounts, made for the occasion, in the shapes that the provider writes."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from collector.emulator import Issuer, PublicKey

ACCOUNT: Final = "ajeaccount0000000000"
PREAMBLE: Final = "PLEASE DO NOT REMOVE THIS LINE! Yandex.Cloud SA Key ID <ajekey>\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeKey:
    """A key pair with an id."""

    key_id: str
    private_pem: str
    public_pem: bytes

    def as_written_by_yc(self, **changes: object) -> str:
        """Write it as `yc iam key create` does."""
        members: dict[str, object] = {
            "id": self.key_id,
            "service_account_id": ACCOUNT,
            "created_at": "2026-03-20T10:04:56Z",
            "key_algorithm": "RSA_2048",
            "public_key": self.public_pem.decode(),
            "private_key": PREAMBLE + self.private_pem,
            **changes,
        }
        return json.dumps({name: value for name, value in members.items() if value is not None}, indent=2)

    def as_answered_by_the_api(self) -> str:
        """Write it as `keys.create` answers."""
        return json.dumps(
            {"key": {"id": self.key_id, "serviceAccountId": ACCOUNT}, "privateKey": PREAMBLE + self.private_pem}
        )

    def known_to(self, issuer: Issuer) -> Issuer:
        """Make it known to a token service, and return that."""
        issuer.keys[self.key_id] = PublicKey(ACCOUNT, self.public_pem)
        return issuer


@functools.cache
def made_key(key_id: str = "ajekey00000000000000") -> MadeKey:
    """Make a key; the same for the same id."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    pem = private.private_bytes(serialization.Encoding.PEM, *form).decode()
    return MadeKey(key_id=key_id, private_pem=pem, public_pem=public)
