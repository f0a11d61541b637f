"""
Scripted faults: which requests go wrong, how, and how often. Deterministic, and every firing is counted.

Rules fire in the order they were scripted. Waits, edits and cuts add up; the first
rule that answers in the API's place ends the search, so what comes after it does not fire.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from collector.emulator.actions import (
    Action,
    Cut,
    Delay,
    Drop,
    EmptyPage,
    Endless,
    Fail,
    Gate,
    Hang,
    RawRecord,
    RepeatToken,
    Say,
    Verdict,
)
from collector.emulator.answers import Answer, Code


class Visit(NamedTuple):
    """One request as the rules see it."""

    scope: str
    """The id of the cluster, or of the folder, that it is about."""
    page: int
    """The number of the page, counted from 1."""
    offset: int
    limit: int


@dataclass(slots=True, kw_only=True)
class Rule:
    """One scripted fault."""

    action: Action
    scope: str | None
    """A cluster's or folder's id; None is every one."""
    page: int | None = None
    """The page on which it fires; None is every one."""
    after_page: int = 0
    """It fires behind this page only."""
    times: int | None = None
    """How often it may still fire; None is always."""
    fired: int = 0
    """How often it has fired."""

    def matches(self, visit: Visit) -> bool:
        """Tell whether it fires on this request."""
        if self.times == 0 or self.scope not in (None, visit.scope):
            return False
        if self.page not in (None, visit.page) or visit.page <= self.after_page:
            return False
        if isinstance(self.action, RawRecord):
            return visit.offset <= self.action.index < visit.offset + visit.limit
        return True

    def fire(self) -> Action:
        """Count one firing."""
        self.fired += 1
        if self.times is not None:
            self.times -= 1
        return self.action


Choice = Callable[[str, int], Action | None]
"""Chooses what happens to a scope's n-th request (counted from 1), or None."""


class Faults:
    """The script. A cluster id of None means every cluster; `times` of None means always."""

    def __init__(self, choose: Choice | None = None) -> None:
        """Start with no rule; `choose` adds faults beside the rules."""
        self.rules: list[Rule] = []
        self.chosen: Counter[str] = Counter()
        """How often `choose` did something, by the name of what it did."""
        self._choose = choose
        self._visits: Counter[str] = Counter()

    def take(self, visit: Visit) -> list[Action]:
        """Tell what happens to this request, and count it."""
        actions: list[Action] = []
        for rule in self.rules:
            if rule.matches(visit):
                actions.append(rule.fire())
                if isinstance(rule.action, Verdict):
                    return actions
        chosen = self._take_chosen(visit)
        return actions if chosen is None else [*actions, chosen]

    def clear(self) -> None:
        """End all faults."""
        self.rules.clear()
        self._choose = None

    def fail(
        self,
        cluster_id: str | None,
        *,
        status: int = 503,
        code: int = Code.UNAVAILABLE,
        message: str = "Scripted fault.",
        times: int | None = None,
        page: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Rule:
        """Answer with a google.rpc.Status."""
        action = Fail(status, code, message, tuple((headers or {}).items()))
        return self._add(Rule(action=action, scope=cluster_id, page=page, times=times))

    def body(
        self,
        cluster_id: str | None,
        body: bytes,
        *,
        content_type: str = "application/json",
        status: int = 200,
        times: int | None = None,
        page: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Rule:
        """Answer with exactly these bytes."""
        answer = Answer(status=status, body=body, content_type=content_type, headers=dict(headers or {}))
        return self._add(Rule(action=Say(answer), scope=cluster_id, page=page, times=times))

    def redirect(self, cluster_id: str | None, location: str, *, status: int = 302, times: int | None = None) -> Rule:
        """Send the client elsewhere."""
        answer = Answer(status=status, body=b"", headers={"Location": location})
        return self._add(Rule(action=Say(answer), scope=cluster_id, times=times))

    def drop(self, cluster_id: str | None, *, times: int | None = None, page: int | None = None) -> Rule:
        """Close the connection without an answer."""
        return self._add(Rule(action=Drop(), scope=cluster_id, page=page, times=times))

    def cut_body(
        self,
        cluster_id: str | None,
        *,
        after: int,
        times: int | None = None,
        page: int | None = None,
        framing: Literal["length", "chunked"] = "length",
    ) -> Rule:
        """Close the connection after so many bytes of the body."""
        return self._add(Rule(action=Cut(after, framing), scope=cluster_id, page=page, times=times))

    def delay(
        self, cluster_id: str | None, seconds: float, *, times: int | None = None, page: int | None = None
    ) -> Rule:
        """Answer later."""
        return self._add(Rule(action=Delay(seconds), scope=cluster_id, page=page, times=times))

    def hang(self, cluster_id: str | None, *, times: int | None = None, page: int | None = None) -> Rule:
        """Never answer."""
        return self._add(Rule(action=Hang(), scope=cluster_id, page=page, times=times))

    def pause(self, cluster_id: str | None, *, times: int | None = None, page: int | None = None) -> Gate:
        """Hold requests at a gate until the test opens it."""
        gate = Gate()
        self._add(Rule(action=gate, scope=cluster_id, page=page, times=times))
        return gate

    def empty_page(self, cluster_id: str | None, *, page: int, times: int | None = 1) -> Rule:
        """Answer a page without records but with a token; its records follow under that token."""
        return self._add(Rule(action=EmptyPage(), scope=cluster_id, page=page, times=times))

    def repeat_token(
        self, cluster_id: str | None, *, page: int = 2, to_page: int = 2, times: int | None = None
    ) -> Rule:
        """Let a page hand out the token that leads to `to_page`: 2 to 2 is A, A; 3 to 2 is A, B, A."""
        return self._add(Rule(action=RepeatToken(to_page), scope=cluster_id, page=page, times=times))

    def endless(self, cluster_id: str | None) -> Rule:
        """Never end: behind the last page the list starts over, under ever fresh tokens."""
        return self._add(Rule(action=Endless(), scope=cluster_id))

    def expire_token(self, cluster_id: str | None, *, after_pages: int, times: int | None = 1) -> Rule:
        """Refuse the token that leads on from the page of this number."""
        action = Fail(400, Code.INVALID_ARGUMENT, "page_token has expired")
        return self._add(Rule(action=action, scope=cluster_id, after_page=after_pages, times=times))

    def raw_record(
        self,
        cluster_id: str | None,
        index: int,
        json_text: str,
        *,
        how: Literal["replace", "insert"] = "replace",
        times: int | None = None,
    ) -> Rule:
        """Put this text in the place of the listing's record at `index` (from 0), or before it."""
        return self._add(Rule(action=RawRecord(index, json_text, how), scope=cluster_id, times=times))

    def _add(self, rule: Rule) -> Rule:
        self.rules.append(rule)
        return rule

    def _take_chosen(self, visit: Visit) -> Action | None:
        if self._choose is None:
            return None
        self._visits[visit.scope] += 1
        action = self._choose(visit.scope, self._visits[visit.scope])
        if action is not None:
            self.chosen[type(action).__name__] += 1
        return action
