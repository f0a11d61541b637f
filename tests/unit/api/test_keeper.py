"""One token kept good. The clock is the test's, the exchange is told when to end, and how."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast

import pytest
import structlog.testing

from collector.api.keeper import LIFE_S_MAX, LIFE_S_MIN, PAUSE_S, REFUSED_AGAIN_S, IssuedToken, TokenKeeper
from collector.errors import CollectorError, CredentialError, NetworkFailed

HOUR_S = 3600.0
DOWN = NetworkFailed("the token service: no connection")


@dataclass(kw_only=True)
class Service:
    """A token service in the hand of a test: `gate` holds its exchanges, `fault` is what they fail with."""

    now_s: float = 0.0
    life_s: float = HOUR_S
    fault: CollectorError | None = None
    value: str | None = None
    begun: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Begin with the gate open."""
        self.gate.set()

    async def exchange(self) -> IssuedToken:
        """Give a token with the number of the exchange."""
        self.begun += 1
        number = self.begun
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return IssuedToken(value=self.value or f"t1.{number}", life_s=self.life_s)

    def keeper(self) -> TokenKeeper:
        """Make a keeper by this clock."""
        return TokenKeeper("metadata", self.exchange, clock=lambda: self.now_s, rng=random.Random(1))


@pytest.fixture
def service() -> Service:
    """Return a service that answers at once."""
    return Service()


@pytest.fixture
async def keeper(service: Service) -> AsyncIterator[TokenKeeper]:
    """Yield a keeper at its service; an exchange that is still under way is ended."""
    made = service.keeper()
    yield made
    await made.aclose()


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_any_number_who_wait_share_one_exchange(service: Service, keeper: TokenKeeper) -> None:
    """At the start nobody has a token, and everybody wants one."""
    service.gate.clear()
    waiting = [asyncio.create_task(keeper.token()) for _ in range(200)]
    await settle()
    service.gate.set()

    assert set(await asyncio.gather(*waiting)) == {"t1.1"}
    assert service.begun == 1


async def test_one_who_gives_up_does_not_take_the_exchange_from_the_others(
    service: Service, keeper: TokenKeeper
) -> None:
    """A listing whose time is up is cancelled; the token is for all."""
    service.gate.clear()
    first, second = [asyncio.create_task(keeper.token()) for _ in range(2)]
    await settle()
    first.cancel()
    await settle()
    service.gate.set()

    assert await second == "t1.1"
    assert (first.cancelled(), service.begun) == (True, 1)


async def test_before_two_thirds_of_its_life_a_token_is_left_alone(service: Service, keeper: TokenKeeper) -> None:
    """Chance moves the renewal earlier than two thirds, never past them, and not before three fifths."""
    await keeper.token()

    service.now_s = 0.6 * HOUR_S - 1
    await keeper.token()
    await settle()
    early = service.begun
    service.now_s = 2 / 3 * HOUR_S + 1
    await keeper.token()
    await settle()

    assert (early, service.begun) == (1, 2)


async def test_the_old_token_serves_while_the_new_one_is_got(service: Service, keeper: TokenKeeper) -> None:
    """A renewal holds nobody up, however long it takes."""
    await keeper.token()
    service.gate.clear()
    service.now_s = HOUR_S - 1

    during = [await keeper.token(), await keeper.token()]
    await settle()
    service.gate.set()
    await settle()

    assert during == ["t1.1", "t1.1"]
    assert (await keeper.token(), service.begun) == ("t1.2", 2)


async def test_a_token_service_that_is_down_costs_nothing_while_the_old_token_is_good(
    service: Service, keeper: TokenKeeper
) -> None:
    """One warning for each try, a pause between tries, and an error only at the token's real end (D14)."""
    await keeper.token()
    service.fault = DOWN
    with structlog.testing.capture_logs() as lines:
        for service.now_s in (0.7 * HOUR_S, 0.7 * HOUR_S + 1, 0.7 * HOUR_S + PAUSE_S + 1, HOUR_S - 1):
            assert await keeper.token() == "t1.1"
            await settle()

    service.now_s = HOUR_S
    with pytest.raises(NetworkFailed, match="no connection"):
        await keeper.token()

    assert [line["good_for_s"] for line in lines] == [1080, 1074, 1]
    assert {(line["event"], line["log_level"], line["error"]) for line in lines} == {
        ("credential.unrenewed", "warning", "network")
    }


async def test_a_service_that_comes_back_is_asked_again(service: Service, keeper: TokenKeeper) -> None:
    """After the pause; until then its failure is the answer, and costs no wait."""
    service.fault = DOWN
    with pytest.raises(NetworkFailed):
        await keeper.token()
    with pytest.raises(NetworkFailed):
        await keeper.token()
    tried = service.begun
    service.fault = None
    service.now_s = PAUSE_S

    assert (tried, await keeper.token()) == (1, "t1.2")


async def test_everyone_gets_an_error_of_his_own_without_the_frames_of_the_exchange(
    service: Service, keeper: TokenKeeper
) -> None:
    """In those frames secrets lie; and one error raised by many would be a chain of strangers."""
    service.fault = CredentialError("the key was refused")
    waiting = [asyncio.create_task(keeper.token()) for _ in range(3)]
    ended = [cast("CollectorError", each) for each in await asyncio.gather(*waiting, return_exceptions=True)]

    assert {type(each) for each in ended} == {CredentialError}
    assert {str(each) for each in ended} == {"the key was refused"}
    assert len({id(each) for each in ended}) == 3
    assert service.fault not in ended
    assert [(each.__cause__, each.__context__) for each in ended] == [(None, None)] * 3


async def test_refused_by_all_is_exchanged_once(service: Service, keeper: TokenKeeper) -> None:
    """Two hundred requests come back with 401 at once, and some later (D13)."""
    await keeper.token()
    version = keeper.version

    renewed = await asyncio.gather(*(keeper.renew(version) for _ in range(200)))
    late = await keeper.renew(version)

    assert (set(renewed), late, service.begun) == ({True}, True, 2)
    assert await keeper.token() == "t1.2"


async def test_a_replacement_that_is_refused_as_well_is_not_replaced(service: Service, keeper: TokenKeeper) -> None:
    """Then it is not the token, and two hundred clusters are not to beat the token service."""
    await keeper.token()
    await keeper.renew(keeper.version)

    again = await keeper.renew(keeper.version)
    service.now_s = REFUSED_AGAIN_S
    later = await keeper.renew(keeper.version)

    assert (again, later, service.begun) == (False, True, 3)


async def test_the_same_token_again_is_no_reason_to_ask_again(service: Service, keeper: TokenKeeper) -> None:
    """The service may answer with the token it gave before."""
    service.value = "t1.same"
    await keeper.token()

    assert await keeper.renew(keeper.version) is False


async def test_a_renewal_that_fails_after_a_401_says_why(service: Service, keeper: TokenKeeper) -> None:
    """Unreachable is not refused: the listing may be tried again."""
    await keeper.token()
    service.fault = DOWN

    with pytest.raises(NetworkFailed):
        await keeper.renew(keeper.version)


@pytest.mark.parametrize(
    "told_s, used_s", [(0.5, LIFE_S_MIN), (1e12, LIFE_S_MAX), (120.0, 120.0)], ids=["too-short", "too-long", "sane"]
)
async def test_a_life_is_taken_for_something_between_a_minute_and_twelve_hours(
    service: Service, keeper: TokenKeeper, told_s: float, used_s: float
) -> None:
    """No hot loop of exchanges, no token for ever (D14)."""
    service.life_s = told_s
    await keeper.token()

    service.now_s = used_s - 0.001
    before = await keeper.token()
    await settle()
    service.now_s = used_s + LIFE_S_MAX + 1
    after = await keeper.token()

    assert before == "t1.1"
    assert after != "t1.1"


async def test_a_keeper_shows_no_token(keeper: TokenKeeper) -> None:
    """Neither in its fields nor in what it logs."""
    with structlog.testing.capture_logs() as lines:
        await keeper.token()

    assert "t1." not in repr(vars(keeper))
    assert lines == [{"event": "credential.renewed", "log_level": "info", "credential": "metadata", "life_s": 3600}]


async def test_closing_ends_an_exchange_that_hangs(service: Service) -> None:
    """Nothing is under way afterwards."""
    keeper = service.keeper()
    service.gate.clear()
    waiting = asyncio.create_task(keeper.token())
    await settle()

    await keeper.aclose()
    await settle()

    assert waiting.cancelled()
