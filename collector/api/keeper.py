"""
Keeps one token good: one exchange at a time for any number who wait, early and in the background where it can be.

No I/O of its own: the exchange, the clock and the chance are arguments. What an exchange failed with is told to
everyone who needs the token, anew and without its frames, in which secrets lie.
"""

from __future__ import annotations

import asyncio
import copy
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Literal

import structlog

from collector.errors import CollectorError

LIFE_S_MIN: Final = 60.0
"""A life that is told to be shorter is taken for this long: should it end before, a 401 says so."""
LIFE_S_MAX: Final = 12 * 3600.0
"""The provider's longest; one that is told to be longer is not believed."""
RENEWED_FROM: Final = (0.6, 2 / 3)
"""The part of a token's life after which it is exchanged; chance picks between, so that collectors fall out of step."""
PAUSE_S: Final = 5.0
"""How long after a failed exchange the next is begun; until then its failure is the answer."""
REFUSED_AGAIN_S: Final = 60.0
"""A token that is refused so soon after it replaced a refused one: not the token is wrong, so it is kept."""

Kind = Literal["service_account_key", "metadata", "workload_identity", "oauth_token"]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token fresh from a token service."""

    value: str = field(repr=False)
    life_s: float
    """From now on, as the service tells it."""


TokenExchange = Callable[[], Awaitable[IssuedToken]]
"""Gets a token from a token service, within a deadline of its own. Raises CollectorError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    value: str = field(repr=False)
    renew_at: float
    ends_at: float


class TokenKeeper:
    """A credential that is exchanged for tokens. `aclose` it where it is not needed any more."""

    def __init__(
        self,
        kind: Kind,
        exchange: TokenExchange,
        *,
        clock: Callable[[], float] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """
        Get nothing yet.

        Args:
            kind: what is exchanged, for the log.
            exchange: gets a token.
            clock: seconds that never go back; None: the running loop's.
            rng: spreads the renewals.
        """
        self.version = 0
        """Counts the tokens that differed from the one before."""
        self._kind = kind
        self._exchange = exchange
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._rng = rng or random.Random()
        self._held: _Held | None = None
        self._task: asyncio.Task[None] | None = None
        self._fault: CollectorError | None = None
        self._pause_until = float("-inf")
        self._refused_until = float("-inf")

    async def token(self) -> str:
        """
        Give the token, from an exchange only where none is good.

        Raises:
            CollectorError: that exchange failed, now or less than `PAUSE_S` ago.
        """
        now = self._clock()
        if self._held is None or now >= self._held.ends_at:
            return (await self._exchanged()).value
        if now >= max(self._held.renew_at, self._pause_until):
            _ = self._begin()  # in the background: nobody waits for it
        return self._held.value

    async def renew(self, version: int) -> bool:
        """
        Get another token than the one that the API refused.

        Args:
            version: as it was before the request that was refused.

        Returns:
            False: there is no other, or the last one that replaced a refused one was refused as well.

        Raises:
            CollectorError: the exchange failed, now or less than `PAUSE_S` ago.
        """
        if version != self.version:
            return True
        if self._clock() < self._refused_until:
            return False
        await self._exchanged()
        self._refused_until = self._clock() + REFUSED_AGAIN_S
        return version != self.version

    async def aclose(self) -> None:
        """End an exchange that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _exchanged(self) -> _Held:
        """Wait for the exchange under way, or begin one."""
        if self._task is not None or self._clock() >= self._pause_until:
            task = self._begin()
            # Who waits may be cancelled; the exchange goes on for the others.
            await asyncio.wait({task})
            task.result()
        if self._fault is not None:
            raise copy.copy(self._fault).with_traceback(None)
        if self._held is None:
            raise AssertionError("an exchange ends with a token or a fault")
        return self._held

    def _begin(self) -> asyncio.Task[None]:
        if self._task is None:
            self._task = asyncio.create_task(self._renew(), name="renew-token")
        return self._task

    async def _renew(self) -> None:
        try:
            issued = await self._exchange()
        except CollectorError as exc:
            self._fail(exc)
        else:
            self._keep(issued)
        finally:
            self._task = None

    def _keep(self, issued: IssuedToken) -> None:
        now = self._clock()
        life_s = min(max(issued.life_s, LIFE_S_MIN), LIFE_S_MAX)
        # The service may give the same token again while that is good for long.
        self.version += self._held is None or self._held.value != issued.value
        renew_at = now + life_s * self._rng.uniform(*RENEWED_FROM)
        self._held = _Held(value=issued.value, renew_at=renew_at, ends_at=now + life_s)
        self._fault = None
        self._pause_until = float("-inf")
        log.info("credential.renewed", credential=self._kind, life_s=round(life_s))

    def _fail(self, fault: CollectorError) -> None:
        now = self._clock()
        self._fault = copy.copy(fault).with_traceback(None)
        self._pause_until = now + PAUSE_S
        good_for_s = max(0.0, self._held.ends_at - now) if self._held else 0.0
        log.warning(
            "credential.unrenewed",
            credential=self._kind,
            error=fault.kind,
            message=str(fault),
            good_for_s=round(good_for_s),
        )
