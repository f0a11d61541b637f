"""The body of a request that carries a secret, and answers that carry it back. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field

from collector.api.answer import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretBody:
    """What a POST carries: it shows itself in no repr, and the secrets in it in no answer that echoes them."""

    content: bytes = field(repr=False)
    content_type: str
    secrets: tuple[str, ...] = field(repr=False)
    """What of it is struck out of an answer."""


def without(secret: str, answer: Answer) -> Answer:
    """Strike our secret out of an answer that echoes it, as debugging proxies do: answers are quoted in errors."""
    headers = {name: value.replace(secret, "[token]") for name, value in answer.headers.items()}
    sought = secret.encode()
    # Looking is quick, the longer the token the quicker; replacing would copy every page.
    body = answer.body.replace(sought, b"[token]") if sought in answer.body else answer.body
    return Answer(answer.status, headers, body)
