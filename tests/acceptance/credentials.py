"""Every way to tell the program who it is, and a token service that takes them all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from collector.emulator import Emulator, Issuer
from tests.acceptance.program import Program
from tests.keys import ACCOUNT, made_key

KEY: Final = made_key()
OAUTH: Final = "y0_AgoauthCANARY4f8z"
SUBJECT: Final = "eyJhbGciOi.subjectCANARY9q2w.c2ln"
ISSUED: Final = "t1.issuedCANARY7h3v"
KEY_CANARY: Final = KEY.private_pem.split("\n")[5]
"""A line out of the middle of the private key."""


class Way(NamedTuple):
    """What is configured, and what stands in the environment."""

    auth: str
    env: Mapping[str, str]
    service: str
    """Which token service exchanges it."""


def token_services() -> Issuer:
    """Make token services that take everything here."""
    return KEY.known_to(Issuer(prefix=ISSUED, oauth_tokens={OAUTH}, subject_tokens={SUBJECT: ACCOUNT}))


def leads_to(emulator: Emulator) -> dict[str, object]:
    """Write the keys of section `api` that lead to an emulator's token services."""
    return {"iam_url": emulator.url, "federation_url": emulator.url}


def _key_file(_: Emulator) -> Way:
    return Way("service_account_key: {file: key.json}", {}, "iam")


def _key_in_a_variable(_: Emulator) -> Way:
    return Way("service_account_key: {env: MY_KEY}", {"MY_KEY": KEY.as_answered_by_the_api()}, "iam")


def _usual_key_path(_: Emulator) -> Way:
    return Way("", {"YC_SERVICE_ACCOUNT_KEY_FILE": "key.json"}, "iam")


def _usual_key_content(_: Emulator) -> Way:
    return Way("", {"YC_SERVICE_ACCOUNT_KEY_FILE": KEY.as_written_by_yc()}, "iam")


def _oauth_file(_: Emulator) -> Way:
    return Way("oauth_token: {file: oauth}", {}, "iam")


def _usual_oauth(_: Emulator) -> Way:
    return Way("", {"YC_TOKEN": OAUTH}, "iam")


def _metadata(emulator: Emulator) -> Way:
    return Way("metadata: {}", {"YC_METADATA_ADDR": emulator.url.removeprefix("http://")}, "metadata")


def _nothing_said(emulator: Emulator) -> Way:
    return _metadata(emulator)._replace(auth="")


def _workload(_: Emulator) -> Way:
    return Way(f"workload_identity: {{service_account_id: {ACCOUNT}, token_file: subject}}", {}, "federation")


WAYS: Final[Mapping[str, Callable[[Emulator], Way]]] = {
    "key-file": _key_file,
    "key-in-a-variable": _key_in_a_variable,
    "usual-key-path": _usual_key_path,
    "usual-key-content": _usual_key_content,
    "oauth-file": _oauth_file,
    "usual-oauth": _usual_oauth,
    "metadata": _metadata,
    "nothing-said": _nothing_said,
    "workload": _workload,
}


def install(
    program: Program,
    emulator: Emulator,
    way: Way,
    *,
    url: str,
    more: str = "",
    limits: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Write the secret files and a configuration that says who the program is in this way."""
    for name, text in (("key.json", KEY.as_written_by_yc()), ("oauth", OAUTH), ("subject", SUBJECT)):
        path = program.home / name
        path.write_text(text)
        path.chmod(0o600)
    program.env.update({"YC_IAM_TOKEN": "", **way.env})
    auth = f"auth:\n  {way.auth}\n" if way.auth else ""
    limits = {**leads_to(emulator), **limits}
    program.write_config(emulator.fleet.clusters, url=url, api=emulator, limits=limits, more=auth + more)


def only_endpoints_from(program: Program, emulator: Emulator) -> None:
    """Take the URLs out of the configuration, and put the root in that lists them."""
    path = program.home / "config.yaml"
    lines = path.read_text().splitlines(keepends=True)
    api = {"endpoints_from": emulator.url, "requests_per_second": None, "attempts": 1}
    kept = [line if not line.startswith("api: ") else f"api: {json.dumps(api)}\n" for line in lines]
    path.write_text("".join(kept))
