"""The emulated token services: what they refuse. What they give is seen by the tests of the client."""

from __future__ import annotations

import base64
import json
import time

import pytest

from collector.api.key import parse_key, sign_claim
from collector.emulator import Issuer
from collector.emulator.answers import RefusedCall
from collector.emulator.issuer import Asked
from tests.keys import made_key

URL = "http://127.0.0.1:1"
KEY = made_key()


def claim(**changes: object) -> bytes:
    """Sign a claim that is right but for the changes."""
    given = {"audience": f"{URL}/iam/v1/tokens", "now_s": int(time.time()), **changes}
    jwt = sign_claim(
        parse_key(KEY.as_written_by_yc(), place="it"), audience=str(given["audience"]), now_s=int(str(given["now_s"]))
    )
    return json.dumps({"jwt": jwt}).encode()


def token_of(issuer: Issuer, body: bytes) -> str:
    """Exchange a claim."""
    answer = issuer.answer(Asked("iam", {}, body), url=URL)
    return str(json.loads(answer.body)["iamToken"])


def test_a_token_is_good_until_its_life_or_all_lives_end() -> None:
    """And nothing else is."""
    issuer = KEY.known_to(Issuer())
    token = token_of(issuer, claim())
    before = issuer.accepts(token), issuer.accepts("t1.other"), issuer.accepts("")
    issuer.revoke()
    issuer.life_s = 0

    assert before == (True, False, False)
    assert not issuer.accepts(token)
    assert not issuer.accepts(token_of(issuer, claim()))


LIST = base64.urlsafe_b64encode(b"[1]").decode().rstrip("=")
ODD = base64.urlsafe_b64encode(b'{"alg":"PS256","typ":"JWT","kid":[]}').decode().rstrip("=")
NONE = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT","kid":"ajekey00000000000000"}').decode().rstrip("=")


@pytest.mark.parametrize(
    "body, reason",
    [
        (claim(audience="https://iam.api.cloud.yandex.net/iam/v1/tokens"), "aud is not"),
        (claim(now_s=1_000), "not of this time"),
        (claim(now_s=int(time.time()) + 86_400), "not of this time"),
        (json.dumps({"jwt": f"{NONE}.e30."}).encode(), "names no PS256 key"),
        (json.dumps({"jwt": f"{LIST}.e30."}).encode(), "not JSON objects"),
        (json.dumps({"jwt": f"{NONE}.{LIST}."}).encode(), "not JSON objects"),
        (json.dumps({"jwt": f"{ODD}.e30."}).encode(), "names no PS256 key"),
        (json.dumps({"jwt": "nonsense"}).encode(), "not a JWT"),
        (b"{}", "OAuth token is invalid"),
        (b"nonsense", "not JSON"),
    ],
    ids=[
        "audience",
        "old",
        "future",
        "unsigned",
        "header-list",
        "claims-list",
        "kid-list",
        "no-jwt",
        "empty",
        "no-json",
    ],
)
def test_what_the_real_token_service_refuses_is_refused(body: bytes, reason: str) -> None:
    """Or a client that is wrong would be right here."""
    issuer = KEY.known_to(Issuer())

    with pytest.raises(RefusedCall, match=reason):
        token_of(issuer, body)
    assert not issuer.exchanges


def test_metadata_wants_its_header() -> None:
    """It keeps browsers, and servers that can be talked into a request, from getting a token."""
    with pytest.raises(RefusedCall, match="Metadata-Flavor"):
        Issuer().answer(Asked("metadata", {}, b""), url=URL)
