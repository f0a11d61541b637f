"""A service account's key: which files are one, and what is signed with it."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from collector.api.key import ServiceAccountKey, parse_key, sign_claim
from collector.emulator.answers import RefusedCall
from collector.emulator.claims import PublicKey, check_claim
from collector.errors import CredentialError
from tests.keys import ACCOUNT, made_key

AUDIENCE = "https://iam.api.yandexcloud.kz/iam/v1/tokens"
KEY = made_key()


@pytest.mark.parametrize("text", [KEY.as_written_by_yc(), KEY.as_answered_by_the_api()], ids=["yc", "api"])
def test_both_shapes_of_the_provider_are_one_key(text: str) -> None:
    """Snake case from the command line, camel case from the API; the warning before the PEM block is let go."""
    key = parse_key(text, place="it")

    assert key == ServiceAccountKey(key_id=KEY.key_id, service_account_id=ACCOUNT, private_pem=KEY.private_pem)


LACKING: dict[str, tuple[str, str]] = {
    "no-json": ("nonsense", "is not the JSON of a service account key"),
    "no-object": ("[1]", "is not the JSON of a service account key"),
    "deep": ("[" * 5000, "is not the JSON of a service account key"),
    "empty": ("{}", "it lacks id, service_account_id, private_key"),
    "no-private-key": (KEY.as_written_by_yc(private_key=None), "it lacks private_key"),
    "empty-account": (KEY.as_written_by_yc(service_account_id=" "), "it lacks service_account_id"),
    "number-for-id": (KEY.as_written_by_yc(id=5), "it lacks id"),
    "no-pem": (KEY.as_written_by_yc(private_key="s3cret"), "its private_key is no PEM block"),
}


@pytest.mark.parametrize("text, sentence", LACKING.values(), ids=LACKING.keys())
def test_a_file_that_is_no_key_is_told_by_what_it_lacks(text: str, sentence: str) -> None:
    """The place and the names of members; nothing else of the file."""
    with pytest.raises(CredentialError) as caught:
        parse_key(text, place="the secret file key.json")

    assert str(caught.value).startswith("the secret file key.json is no")
    assert str(caught.value).endswith(sentence)
    assert "s3cret" not in str(caught.value)


def parts_of(jwt: str) -> list[Any]:
    """Decode the header and the claims."""
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in jwt.split(".")[:2]]


def test_the_claim_is_what_the_token_service_documents() -> None:
    """Header, issuer, audience, and an hour."""
    jwt = sign_claim(parse_key(KEY.as_written_by_yc(), place="it"), audience=AUDIENCE, now_s=1_000)

    header, claim = parts_of(jwt)

    assert header == {"typ": "JWT", "alg": "PS256", "kid": KEY.key_id}
    assert claim == {"iss": ACCOUNT, "aud": AUDIENCE, "iat": 1_000, "exp": 4_600}
    assert "=" not in jwt


def test_the_signature_is_verified_by_code_of_another_hand() -> None:
    """PSS with a salt as long as the digest; a byte that is changed is noticed."""
    jwt = sign_claim(parse_key(KEY.as_written_by_yc(), place="it"), audience=AUDIENCE, now_s=int(time.time()))
    keys = {KEY.key_id: PublicKey(ACCOUNT, KEY.public_pem)}

    check_claim(jwt, keys, audience=AUDIENCE, now_s=time.time())
    with pytest.raises(RefusedCall, match="signature is wrong"):
        check_claim(jwt[:-4] + "AAAA", keys, audience=AUDIENCE, now_s=time.time())


def elliptic_pem() -> str:
    """Make a private key of a kind that cannot sign PS256."""
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(serialization.Encoding.PEM, *form).decode()


@pytest.mark.parametrize(
    "pem, sentence",
    [
        ("-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n", "cannot be read"),
        ("-----BEGIN \udcff", "cannot be read"),
        (elliptic_pem(), "is not an RSA key"),
    ],
    ids=["broken", "no-text", "elliptic"],
)
def test_a_private_key_that_cannot_sign_is_refused_without_being_shown(pem: str, sentence: str) -> None:
    """Neither in the message nor in what it came from."""
    key = ServiceAccountKey(key_id="ajekey", service_account_id=ACCOUNT, private_pem=pem)

    with pytest.raises(CredentialError) as caught:
        sign_claim(key, audience=AUDIENCE, now_s=1_000)

    assert str(caught.value) == f"the private key of the service account key ajekey {sentence}"
    assert caught.value.__cause__ is None
    assert "s3cret" not in str(caught.value.__context__)
    assert "PRIVATE" not in repr(key)
