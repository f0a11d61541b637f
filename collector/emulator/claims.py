"""
Whether a signed claim is what the token service demands. Pure, and no kin of the code that signs.

https://yandex.cloud/en/docs/iam/operations/iam-token/create-for-sa
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from collector.emulator.answers import Code, RefusedCall

SKEW_S: Final = 60
LIFE_S_MAX: Final = 3600


class PublicKey(NamedTuple):
    """What the token service knows of an authorized key."""

    service_account_id: str
    pem: bytes


def check_claim(jwt: str, keys: Mapping[str, PublicKey], *, audience: str, now_s: float) -> None:
    """
    Check the header, the signature and the claims.

    Raises:
        RefusedCall: UNAUTHENTICATED, with the reason.
    """
    try:
        head, body, seal = jwt.split(".")
        header, claim, signature = json.loads(_decode(head)), json.loads(_decode(body)), _decode(seal)
    except (ValueError, binascii.Error):
        raise _refuse("it is not a JWT") from None
    if not isinstance(header, dict) or not isinstance(claim, dict):
        raise _refuse("its header and its claims are not JSON objects")
    key = keys.get(str(header.get("kid")))
    if header.get("alg") != "PS256" or header.get("typ") != "JWT" or key is None:
        raise _refuse("its header names no PS256 key that is known")
    if not _is_signed(key.pem, signature, f"{head}.{body}".encode()):
        raise _refuse("its signature is wrong")
    if (reason := _fault_of(claim, key, audience=audience, now_s=now_s)) is not None:
        raise _refuse(reason)


def _fault_of(claim: dict[str, Any], key: PublicKey, *, audience: str, now_s: float) -> str | None:
    issued, ends = claim.get("iat"), claim.get("exp")
    if claim.get("iss") != key.service_account_id:
        return "iss is another service account"
    if claim.get("aud") != audience:
        return f"aud is not {audience}"
    if not isinstance(issued, int) or not isinstance(ends, int) or not 0 < ends - issued <= LIFE_S_MAX:
        return "iat and exp are not an hour apart at most"
    return None if issued - SKEW_S <= now_s < ends else "it is not of this time"


def _is_signed(pem: bytes, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    public = serialization.load_pem_public_key(pem)
    if not isinstance(public, rsa.RSAPublicKey):
        return False
    try:
        public.verify(signature, message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _refuse(reason: str) -> RefusedCall:
    return RefusedCall(Code.UNAUTHENTICATED, f"JWT is invalid: {reason}")
