"""
A service account's authorized key: the file that `yc iam key create` wrote, and the claim that is signed with it.

No message here shows anything of the file but the names of its members.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from collector.errors import CredentialError

CLAIM_LIFE_S: Final = 3600
"""The longest that is accepted; it is good for one exchange anyway."""
PEM_BEGINS: Final = "-----BEGIN "


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountKey:
    """An authorized key."""

    key_id: str
    service_account_id: str
    private_pem: str = field(repr=False)


def parse_key(text: str, *, place: str) -> ServiceAccountKey:
    """
    Read a key in either of the provider's shapes.

    The command line writes `{"id", "service_account_id", "private_key", …}`, the API answers
    `{"key": {"id", "serviceAccountId", …}, "privateKey"}`. A line before the PEM block is a warning to people.

    Args:
        text: the JSON.
        place: where it lay, for errors.

    Raises:
        CredentialError: it is not such a key; says what is missing.
    """
    try:
        members = msgspec.json.decode(text.encode(), type=dict[str, Any])
    except (ValueError, RecursionError):
        raise CredentialError(f"{place} is not the JSON of a service account key") from None
    inner = members.get("key")
    about = inner if isinstance(inner, dict) else members
    found = {
        "id": _text(about, "id"),
        "service_account_id": _text(about, "service_account_id", "serviceAccountId"),
        "private_key": _text(members, "private_key", "privateKey"),
    }
    if missing := [name for name, value in found.items() if not value]:
        raise CredentialError(f"{place} is no service account key: it lacks {', '.join(missing)}")
    _, begins, block = found["private_key"].partition(PEM_BEGINS)
    if not begins:
        raise CredentialError(f"{place} is no service account key: its private_key is no PEM block")
    return ServiceAccountKey(
        key_id=found["id"], service_account_id=found["service_account_id"], private_pem=begins + block
    )


def sign_claim(key: ServiceAccountKey, *, audience: str, now_s: int) -> str:
    """
    Write the signed claim (JWT, PS256) that is exchanged for a token. Takes tens of milliseconds: not on the loop.

    Args:
        key: whose claim it is.
        audience: the address of the exchange.
        now_s: seconds since 1970.

    Raises:
        CredentialError: the private key cannot be used.
    """
    header = {"typ": "JWT", "alg": "PS256", "kid": key.key_id}
    claim = {"iss": key.service_account_id, "aud": audience, "iat": now_s, "exp": now_s + CLAIM_LIFE_S}
    signed = f"{_encode(json.dumps(header).encode())}.{_encode(json.dumps(claim).encode())}"
    return f"{signed}.{_encode(_sign(key, signed.encode()))}"


def _sign(key: ServiceAccountKey, message: bytes) -> bytes:
    # Slow to import, and of use to one kind of credential only.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    try:
        private = serialization.load_pem_private_key(key.private_pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CredentialError(f"the private key of the service account key {key.key_id} cannot be read") from None
    if not isinstance(private, rsa.RSAPrivateKey):
        raise CredentialError(f"the private key of the service account key {key.key_id} is not an RSA key")
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
    return private.sign(message, pss, hashes.SHA256())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _text(members: dict[str, Any], *names: str) -> str:
    """Read the first member of these names that is a text with something in it; empty where none is."""
    return next((value for name in names if isinstance(value := members.get(name), str) and value.strip()), "")
