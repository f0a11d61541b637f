"""Credentials that are exchanged, against token services on a socket: what is sent, taken, refused and survived."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Callable

import pytest
import structlog.testing

from collector.api import Access, StandingAccess, open_access
from collector.api.keeper import TokenKeeper
from collector.config.api import ApiSettings
from collector.emulator import Code
from collector.errors import CollectorError, CredentialError, ListingError
from tests.integration.api.exchanging import KINDS, OAUTH, SUBJECT, Place
from tests.keys import ACCOUNT, made_key
from tests.scripted import ScriptedServer, page, silence


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_is_exchanged_for_a_token_that_the_api_takes(place: Place, kind: str) -> None:
    """Once, at the beginning, however often it is asked for afterwards."""
    async with open_access(place.config(place.auth(kind)), place.env) as access:
        tokens = {await access.credential.token() for _ in range(3)}

    assert access.kind == kind
    assert tokens == {"t1.issued-1"}
    assert place.issuer.accepts(tokens.pop())
    assert place.issuer.exchanges == {KINDS[kind]: 1}


REFUSED: dict[str, tuple[str, Callable[[Place], object], str]] = {
    "key-unknown": (
        "service_account_key",
        lambda place: place.issuer.keys.clear(),
        r"the service account key was refused by the token service \(http://.*/iam/v1/tokens\): HTTP 401 UNAUTH",
    ),
    "oauth-unknown": (
        "oauth_token",
        lambda place: place.issuer.oauth_tokens.clear(),
        "the OAuth token was refused by .*HTTP 401",
    ),
    "workload-unknown": (
        "workload_identity",
        lambda place: place.issuer.subject_tokens.clear(),
        "the workload's token was refused by .*invalid_grant",
    ),
    "no-machine": (
        "metadata",
        lambda place: setattr(place.issuer, "has_machine", False),
        "this machine has no service account: set auth.service_account_key, .* YC_SERVICE_ACCOUNT_KEY_FILE",
    ),
    "key-denied": (
        "service_account_key",
        lambda place: place.issuer.faults.fail("iam", status=403, code=Code.PERMISSION_DENIED),
        "HTTP 403",
    ),
}


@pytest.mark.parametrize("kind, spoil, sentence", REFUSED.values(), ids=REFUSED.keys())
async def test_a_refusal_ends_the_command_and_is_not_repeated(
    place: Place, kind: str, spoil: Callable[[Place], object], sentence: str
) -> None:
    """Only a person can mend it."""
    spoil(place)

    with pytest.raises(CredentialError, match=sentence):
        async with open_access(place.config(place.auth(kind)), place.env):
            pass

    assert place.emulator.requests_by_scope[KINDS[kind]] == 1


def absurd(expires_at: str) -> Callable[[Place], object]:
    """Let the token service answer with this end."""
    body = json.dumps({"iamToken": "t1.absurdCANARY", "expiresAt": expires_at}).encode()
    return lambda place: place.issuer.faults.body("iam", body)


OUTAGES: dict[str, tuple[Callable[[Place], object], str, int]] = {
    "down": (lambda place: place.issuer.faults.drop("iam"), "network", 2),
    "503": (lambda place: place.issuer.faults.fail("iam", status=503, code=Code.UNAVAILABLE), "server_failed", 2),
    "429": (lambda place: place.issuer.faults.fail("iam", status=429, code=Code.RESOURCE_EXHAUSTED), "throttled", 2),
    "hangs": (lambda place: place.issuer.faults.hang("iam"), "timeout", 2),
    "html": (lambda place: place.issuer.faults.body("iam", b"<html>", content_type="text/html"), "bad_answer", 1),
    "empty": (lambda place: place.issuer.faults.body("iam", b""), "bad_answer", 1),
    "no-token": (lambda place: place.issuer.faults.body("iam", b"{}"), "bad_answer", 1),
    "ended": (absurd("1970-01-01T00:00:00.000000001Z"), "bad_answer", 1),
    "no-instant": (absurd("soon"), "bad_answer", 1),
    "redirect": (lambda place: place.issuer.faults.redirect("iam", "http://127.0.0.1:9/"), "redirected", 1),
    "odd-token": (
        lambda place: place.issuer.faults.body("iam", b'{"iamToken":"a\\r\\nb","expiresAt":"2999-01-01T00:00:00Z"}'),
        "bad_answer",
        1,
    ),
}


@pytest.mark.parametrize("break_it, error, tries", OUTAGES.values(), ids=OUTAGES.keys())
async def test_a_token_service_that_is_not_itself_is_a_fault_of_the_listing(
    place: Place, break_it: Callable[[Place], object], error: str, tries: int
) -> None:
    """The command begins all the same, and every request says in time what it lacked (D14)."""
    break_it(place)
    if error == "timeout":
        place.api["page_timeout_s"] = 0.2

    async with asyncio.timeout(5), open_access(place.config(place.auth("service_account_key")), place.env) as access:
        with pytest.raises(ListingError) as caught:
            await access.credential.token()

    assert caught.value.kind == error
    assert "/iam/v1/tokens" in str(caught.value)
    assert "CANARY" not in "".join(traceback.format_exception(caught.value))
    assert place.emulator.requests_by_scope["iam"] == tries


async def test_an_end_in_eight_thousand_years_is_not_believed(place: Place) -> None:
    """The token is taken; for twelve hours (D14)."""
    absurd("9999-12-31T23:59:59.999999999Z")(place)

    with structlog.testing.capture_logs() as lines:
        async with open_access(place.config(place.auth("service_account_key")), place.env) as access:
            assert await access.credential.token() == "t1.absurdCANARY"

    assert [line["life_s"] for line in lines if line["event"] == "credential.renewed"] == [43_200]


@pytest.mark.parametrize("skew", ["Fri, 01 Jan 2100 00:00:00 GMT", "Sat, 01 Jan 2000 00:00:00 GMT"])
async def test_the_life_of_a_token_is_told_by_the_clock_of_who_issued_it(place: Place, skew: str) -> None:
    """Ours may be years off."""
    year = skew[12:16]
    body = json.dumps({"iamToken": "t1.a", "expiresAt": f"{year}-01-01T01:00:00.123456789Z"}).encode()
    place.issuer.faults.body("iam", body, headers={"Date": skew})

    with structlog.testing.capture_logs() as lines:
        async with open_access(place.config(place.auth("service_account_key")), place.env):
            pass

    assert [line["life_s"] for line in lines if line["event"] == "credential.renewed"] == [3600]


async def test_a_service_that_fails_once_is_asked_again(place: Place) -> None:
    """By the schedule of a page."""
    place.issuer.faults.fail("iam", status=503, code=Code.UNAVAILABLE, times=1)

    async with open_access(place.config(place.auth("service_account_key")), place.env) as access:
        assert await access.credential.token() == "t1.issued-1"

    assert place.emulator.requests_by_scope["iam"] == 2


async def test_nothing_configured_and_no_machine_names_every_way(place: Place) -> None:
    """It is the first thing a new user reads."""
    with pytest.raises(CredentialError) as caught:
        async with open_access(place.config({}, attempts=1), {"YC_METADATA_ADDR": "127.0.0.1:9"}):
            pass

    ways = ("service_account_key", "iam_token", "metadata", "workload_identity", "oauth_token")
    variables = ("YC_SERVICE_ACCOUNT_KEY_FILE", "YC_IAM_TOKEN", "YC_TOKEN")
    assert str(caught.value).startswith("no credential is configured, and the metadata service (http://127.0.0.1:9/")
    assert [word for word in (*ways, *variables) if word not in str(caught.value)] == []


async def test_a_machine_that_is_configured_may_be_away_for_a_while(place: Place) -> None:
    """Somebody said that there is one: that it is unreachable now is no refusal."""
    config = place.config({"metadata": {}}, attempts=1)
    async with open_access(config, {"YC_METADATA_ADDR": "127.0.0.1:9"}) as access:
        with pytest.raises(ListingError, match=r"no connection.*: set auth\.service_account_key") as caught:
            await access.credential.token()

    assert caught.value.kind == "network"


async def test_an_access_that_stands_is_opened_anew_only_for_another_configuration(place: Place) -> None:
    """The service sweeps for weeks: its token outlives a sweep, and a token service that is away (D14)."""
    config = place.config(place.auth("service_account_key"))
    other = place.config(place.auth("oauth_token"))
    async with StandingAccess(place.env) as standing:
        first = await standing.of(config)
        place.issuer.faults.drop("iam")
        again = await standing.of(config.model_copy())
        place.issuer.faults.clear()
        changed = await standing.of(other)

    assert again is first
    assert (first.kind, changed.kind) == ("service_account_key", "oauth_token")
    assert place.issuer.exchanges == {"iam": 2}


async def test_an_access_is_opened_anew_where_an_address_is_set_that_the_list_gave(place: Place) -> None:
    """Set to its default it equals one that is left out, but no list has a say in it any more."""
    config = place.config(place.auth("service_account_key"))
    listed = config.model_copy(update={"api": ApiSettings(**config.api.model_dump(exclude={"resource_manager_url"}))})
    said = config.model_copy(update={"api": ApiSettings(**config.api.model_dump())})
    async with StandingAccess(place.env) as standing:
        first = await standing.of(listed)
        again = await standing.of(listed)
        changed = await standing.of(said)

    assert listed.api == said.api
    assert again is first
    assert changed is not first


async def test_an_access_that_could_not_be_opened_is_tried_at_the_next_sweep(place: Place) -> None:
    """A key that was refused may be known a minute later."""
    config = place.config(place.auth("service_account_key"))
    known = dict(place.issuer.keys)
    place.issuer.keys.clear()
    async with StandingAccess(place.env) as standing:
        with pytest.raises(CredentialError):
            await standing.of(config)
        place.issuer.keys.update(known)

        assert (await standing.of(config)).kind == "service_account_key"


async def test_a_credential_that_is_gone_is_missed_before_the_next_sweep(place: Place) -> None:
    """No listing is begun with nothing in hand, however long the access has stood."""
    token = place.write("token", "t1.a")
    config = place.config({"iam_token": {"file": token}})
    async with StandingAccess({}) as standing:
        await standing.of(config)
        token.unlink()

        with pytest.raises(CredentialError, match="cannot be read"):
            await standing.of(config)


def force(access: Access) -> asyncio.Task[bool]:
    """Have the API refuse the present token."""
    return asyncio.ensure_future(access.credential.renew(access.credential.version))


async def test_a_key_that_is_rotated_is_taken_up_at_the_next_exchange(place: Place) -> None:
    """The file is read anew each time; the old key may be deleted."""
    newer = made_key("ajenewer0000000000000")
    async with open_access(place.config(place.auth("service_account_key")), place.env) as access:
        place.issuer.keys.clear()
        newer.known_to(place.issuer)
        place.write("key.json", newer.as_answered_by_the_api())

        assert await force(access)
        assert await access.credential.token() == "t1.issued-2"


async def test_a_workloads_token_is_read_anew_for_each_exchange(place: Place) -> None:
    """Kubernetes replaces it every hour."""
    async with open_access(place.config(place.auth("workload_identity")), place.env) as access:
        place.issuer.subject_tokens = {"eyJ.newer.c2ln": ACCOUNT}
        place.write("subject", "eyJ.newer.c2ln")

        assert await force(access)

    assert place.issuer.exchanges["federation"] == 2


@pytest.mark.parametrize("kind, secret", [("oauth_token", OAUTH), ("workload_identity", SUBJECT)])
async def test_a_token_service_that_echoes_the_secret_is_quoted_without_it(
    place: Place, kind: str, secret: str
) -> None:
    """As debugging proxies do; nor is a long word of theirs quoted, for it may be a piece of ours."""
    long = "x" * 60
    scope = KINDS[kind]
    place.issuer.faults.fail(scope, status=401, code=Code.UNAUTHENTICATED, message=f"bad {secret} and {long}, sorry")

    with pytest.raises(CredentialError) as caught:
        async with open_access(place.config(place.auth(kind)), place.env):
            pass

    assert str(caught.value).endswith("bad [token] and [...], sorry")
    assert secret not in "".join(traceback.format_exception(caught.value))


async def test_no_frame_of_an_error_shows_a_secret(place: Place) -> None:
    """Not even to a tracer that prints local variables."""
    place.issuer.faults.drop("iam")
    async with open_access(place.config(place.auth("oauth_token")), place.env) as access:
        with pytest.raises(CollectorError) as caught:
            await access.credential.token()

    assert isinstance(access.credential, TokenKeeper)
    walked = traceback.walk_tb(caught.value.__traceback__)
    frames = [frame for frame, _ in walked if frame.f_code.co_filename != __file__]
    assert frames
    assert [local for frame in frames for local in map(repr, frame.f_locals.values()) if OAUTH in local] == []


async def test_a_service_that_never_answers_is_given_up_in_time(place: Place) -> None:
    """Bounded by the timeouts of a page, twice."""
    async with ScriptedServer(lambda _: silence()) as server, asyncio.timeout(5):
        config = place.config(place.auth("oauth_token"), iam_url=server.url, page_timeout_s=0.2)
        async with open_access(config, {}) as access:
            with pytest.raises(ListingError, match=r"no whole answer within 0\.2 s"):
                await access.credential.token()


async def test_a_page_in_place_of_a_token_is_no_token(place: Place) -> None:
    """Valid JSON of another service."""
    async with ScriptedServer(lambda _: page({"id": "1"})) as server:
        config = place.config(place.auth("oauth_token"), iam_url=server.url)
        async with open_access(config, {}) as access:
            with pytest.raises(ListingError, match="what answers is not the token service"):
                await access.credential.token()
