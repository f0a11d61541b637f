"""What may be a secret appears in no message about a configuration."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest

from collector.config import Config
from collector.errors import ConfigError

Load = Callable[..., Config]
Problems = Callable[..., list[str]]

ONE = "clusters: [{id: c9q}]\n"
ENV = {
    "CANARY": "canary",
    "TOKEN": "t1.canary",
    "URL": "postgresql://u:canary@h:p/d",
    "LINES": "can\nary",
    "BASE": "postgresql://",
}

LEAKS = {
    "literal-token": ONE + "auth: {iam_token: t1.canary}",
    "literal-token-as-number": ONE + "auth: {iam_token: 0x1_canary}",
    "literal-key": ONE + 'auth: {service_account_key: {"private_key": "canary"}}',
    "literal-key-as-text": ONE + "auth: {service_account_key: '{canary}'}",
    "literal-oauth-token": ONE + "auth: {oauth_token: y0_canary}",
    "token-as-account": ONE + "auth: {workload_identity: {service_account_id: t1.canary, token_file: /t}}",
    "token-in-the-metadata": ONE + "auth: {metadata: t1.canary}",
    "token-from-variable": ONE + "auth:\n  iam_token: ${TOKEN}",
    "token-as-section": ONE + "auth: t1.canary",
    "token-as-name-of-a-variable": ONE + "auth: {iam_token: {env: t1.canary}}",
    "token-as-key": ONE + "auth: {t1.canary}",
    "token-in-a-list": ONE + "auth: {iam_token: [t1.canary]}",
    "token-under-an-unknown-key": ONE + "token: t1.canary",
    "token-as-id": "clusters: [{id: t1.canary}]",
    "literal-password": ONE + "database: {url: 'postgresql://u:canary@h/d'}",
    "literal-password-for-reading": ONE + "database: {read_url: 'postgresql://u:canary@h/d'}",
    "literal-password-for-migrations": ONE + "database: {migrate_url: 'postgresql://u:canary@h/d'}",
    "literal-password-in-a-default": ONE + "database:\n  url: ${UNSET:-postgresql://u:canary@h/d}",
    "literal-password-beside-a-variable": ONE + "database:\n  url: postgresql://u:canary${CANARY}@h/d",
    "literal-password-after-a-variable": ONE + "database:\n  url: ${BASE}u:canary@h/d",
    "literal-password-in-the-query": ONE + "database: {url: 'postgresql://u@h/d?sslmode=require&password=canary'}",
    "password-in-a-broken-url": ONE + "database:\n  url: ${URL}",
    "url-as-section": ONE + "database: postgresql://u:canary@h/d",
    "url-with-a-tag": ONE + "database: {url: !x 'postgresql://u:canary@h/d'}",
    "url-in-the-wrong-section": ONE + "databse: {url: 'postgresql://u:canary@h/d'}",
    "password-as-its-own-key": ONE + "database: {password: 0x1_canary}",
    "variable-as-number": ONE + "api:\n  page_size: ${CANARY}",
    "variable-as-word": ONE + "log:\n  level: ${CANARY}",
    "variable-as-id": "clusters:\n  - id: ${CANARY}.",
    "variable-of-two-lines": ONE + "log:\n  level: ${LINES}",
    "user-name-in-an-address": ONE + "api: {mdb_url: 'https://u:canary@h'}",
    "broken-yaml": ONE + "auth: {iam_token: 't1.canary",
    "duplicate": ONE + "auth: {iam_token: {env: A}, iam_token: t1.canary}",
}


@pytest.mark.parametrize("text", LEAKS.values(), ids=LEAKS.keys())
def test_no_secret_is_in_the_message_or_the_chain_of_exceptions(load: Load, text: str) -> None:
    """The place and the reason are named, the value is not; nor by any exception behind it."""
    with pytest.raises(ConfigError) as caught:
        load(text, ENV)

    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    # The traceback quotes this file's own lines, which hold no canary of a configuration.
    assert "canary" not in shown
    assert "can\nary" not in shown


@pytest.mark.parametrize("value", ["t1.x", "'${TOKEN}'", "[t1.x]", "5"], ids=["literal", "variable", "list", "number"])
def test_a_literal_token_is_refused_with_the_ways_to_give_one(problems: Problems, value: str) -> None:
    """A token in a file ends up in a repository."""
    found = problems(ONE + f"auth: {{iam_token: {value}}}", ENV)

    assert found == ["config.yaml:2:19: auth.iam_token: secrets are never literal here: use {env: …} or {file: …}"]


def test_a_literal_password_is_refused_with_the_way_to_give_one(problems: Problems) -> None:
    """Of the whole URL only the password must come from outside."""
    found = problems(ONE + "database: {url: 'postgresql://u:pw@h/d'}")

    assert found == [
        "config.yaml:2:17: database.url: a password, and secrets are never literal: write ${NAME} in its place"
    ]


def test_the_secrets_of_a_configuration_are_not_in_its_repr(load: Load) -> None:
    """A configuration in a log or a traceback shows no password."""
    config = load(ONE + "database:\n  url: ${URL}", {"URL": "postgresql://u:canary@h/d"})

    assert "canary" not in f"{config} {config!r}"
