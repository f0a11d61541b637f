"""Which credential is meant: the configuration's, the environment's, the machine's; never two."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import structlog.testing

from collector.api.access import check_readable, choose_auth, credential_from, kind_of
from collector.api.calls import Patience
from collector.api.endpoints import Endpoints
from collector.config.api import ApiSettings
from collector.config.auth import AuthSettings, MetadataSettings, WorkloadIdentitySettings
from collector.config.settings import SecretSource
from collector.errors import CredentialError
from tests.keys import made_key

KEY_JSON = made_key().as_written_by_yc()
MINE = SecretSource(env="MINE")

SAID: dict[str, tuple[Mapping[str, str], AuthSettings]] = {
    "key-file": (
        {"YC_SERVICE_ACCOUNT_KEY_FILE": "/run/key.json"},
        AuthSettings(service_account_key=SecretSource(file=Path("/run/key.json"))),
    ),
    "key-content": (
        {"YC_SERVICE_ACCOUNT_KEY_FILE": f"\n {KEY_JSON}"},
        AuthSettings(service_account_key=SecretSource(env="YC_SERVICE_ACCOUNT_KEY_FILE")),
    ),
    "iam": ({"YC_IAM_TOKEN": "anything"}, AuthSettings(iam_token=SecretSource(env="YC_IAM_TOKEN"))),
    "token-iam": ({"YC_TOKEN": "t1.abc"}, AuthSettings(iam_token=SecretSource(env="YC_TOKEN"))),
    "token-oauth": ({"YC_TOKEN": "y0_abc"}, AuthSettings(oauth_token=SecretSource(env="YC_TOKEN"))),
    "empty-is-not-set": (
        {"YC_TOKEN": "", "YC_SERVICE_ACCOUNT_KEY_FILE": "", "YC_IAM_TOKEN": "t1.a"},
        AuthSettings(iam_token=SecretSource(env="YC_IAM_TOKEN")),
    ),
    "nothing": ({"YC_TOKEN": ""}, AuthSettings()),
}


@pytest.mark.parametrize("env, meant", SAID.values(), ids=SAID.keys())
def test_the_environment_says_where_the_configuration_does_not(env: Mapping[str, str], meant: AuthSettings) -> None:
    """By the names of the provider's own tools."""
    assert choose_auth(AuthSettings(), env) == meant


def test_the_configuration_wins_over_the_environment() -> None:
    """Whatever and how much is set there for other programs."""
    env = {"YC_IAM_TOKEN": "t1.a", "YC_TOKEN": "t1.b"}

    assert choose_auth(AuthSettings(metadata=MetadataSettings()), env).kinds == ["metadata"]


def test_nothing_said_is_the_machine() -> None:
    """As with the provider's own tools."""
    assert kind_of(choose_auth(AuthSettings(), {})) == "metadata"


@pytest.mark.parametrize("value", ["t1.a", "t1.b"], ids=["same", "different"])
def test_two_variables_are_refused_by_name(value: str) -> None:
    """Which one is meant is not ours to guess, even where they agree today."""
    with pytest.raises(CredentialError, match=r"^YC_IAM_TOKEN and YC_TOKEN are set: exactly one") as caught:
        choose_auth(AuthSettings(), {"YC_IAM_TOKEN": "t1.a", "YC_TOKEN": value})

    assert "t1." not in str(caught.value)


UNREADABLE: dict[str, tuple[AuthSettings, str]] = {
    "key": (AuthSettings(service_account_key=MINE), "it lacks id, service_account_id, private_key"),
    "iam": (AuthSettings(iam_token=SecretSource(env="NONE")), "NONE is not set"),
    "oauth": (AuthSettings(oauth_token=SecretSource(env="EMPTY")), "EMPTY is empty"),
    "workload": (
        AuthSettings(
            workload_identity=WorkloadIdentitySettings(service_account_id="aje", token_file=Path("/nowhere/token"))
        ),
        "/nowhere/token cannot be read",
    ),
}


@pytest.mark.parametrize("auth, sentence", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_found_before_anything_is_begun(auth: AuthSettings, sentence: str) -> None:
    """No database is opened and no service is asked for a credential that is not there."""
    with pytest.raises(CredentialError, match=sentence):
        check_readable(auth, {"MINE": "{}", "EMPTY": ""})


@pytest.mark.parametrize("kind", ["service_account_key", "iam_token", "oauth_token"])
def test_a_file_that_others_can_read_is_named_in_the_log(tmp_path: Path, kind: str) -> None:
    """It works, and somebody should know."""
    file = tmp_path / "secret"
    file.write_text(KEY_JSON if kind == "service_account_key" else "t1.secret")
    file.chmod(0o644)

    with structlog.testing.capture_logs() as lines:
        check_readable(AuthSettings.model_validate({kind: {"file": file}}), {})

    assert lines[0]["event"] == "credential.exposed"
    assert "t1.secret" not in str(lines)


def test_an_oauth_token_is_taken_with_a_warning() -> None:
    """The provider ends them with the year 2026."""
    with structlog.testing.capture_logs() as lines:
        check_readable(AuthSettings(oauth_token=MINE), {"MINE": "y0_secret"})

    assert [(line["event"], line["log_level"]) for line in lines] == [("credential.ending", "warning")]
    assert "y0_secret" not in str(lines)


@pytest.mark.parametrize(
    "address",
    ["http://host", "host/path", "user@host", "a b", "host:port", "host:99999", "a..b", f"{'a' * 64}.b", "[1.2.3]"],
)
def test_an_address_of_the_metadata_service_that_is_none_is_refused(address: str) -> None:
    """A host, or a host and a port: nothing that could lead elsewhere."""
    settings = ApiSettings()
    with pytest.raises(CredentialError, match=r"^YC_METADATA_ADDR should be a host"):
        credential_from(
            AuthSettings(),
            {"YC_METADATA_ADDR": address},
            endpoints=Endpoints.configured(settings),
            patience=Patience.of(settings),
        )
