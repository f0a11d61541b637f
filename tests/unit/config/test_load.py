"""A configuration file is loaded whole, or refused with every reason and its place."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.config import Config, load_config
from collector.errors import ConfigError
from collector.services import SERVICES

Load = Callable[..., Config]
Problems = Callable[..., list[str]]

ONE = "clusters: [{id: c9q}]\n"


@pytest.mark.parametrize("second", ["c9qabc", "C9QABC", "'c9qabc '"], ids=["the-same", "by-case", "by-white-space"])
def test_a_cluster_that_stands_twice_is_refused(problems: Problems, second: str) -> None:
    """The second place is named, and the first one with it."""
    (found,) = problems(f"clusters:\n  - id: c9qabc\n  - id: {second}")

    assert found.startswith("config.yaml:3:9: clusters.1.id: this cluster stands twice: it is already on line 2")


@pytest.mark.parametrize("text", ["clusters:", "clusters: []", "clusters: {}", "log: {}"])
def test_a_configuration_without_clusters_is_refused(problems: Problems, text: str) -> None:
    """An empty list is a mistake until said otherwise."""
    (found,) = problems(text)

    assert found.endswith(": clusters: no clusters: list at least one, as `- id: …`, or set `discovery`")


HOSTILE_IDS = [
    "..", "../x", "a/b", "/", "a?b", "a#b", "a%2fb", "a\\\\b", "a b", " a", "a ", "", "-a", "_a", ".", "a.b", "a;b",
    "a&b", "a:b", "a@b", "c9q\\u0430", "c9q\\u200b", "c9q\\n", "\\u0661", "é", "a" * 51, "a\\tb", "a\\0b", "http://h",
    "{a}",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE_IDS)
def test_an_id_that_could_leave_its_path_is_refused(problems: Problems, text: str) -> None:
    """D23: only letters, digits, underscore and hyphen, at most 50, are an id."""
    (found,) = problems(f'clusters: [{{id: "{text}"}}]')

    assert found.startswith("config.yaml:1:17: clusters.0.id: ")


@pytest.mark.parametrize("text", ["c9q", "A", "a-b_c", "a" * 50, "7x"])
def test_an_id_within_the_alphabet_is_kept_as_it_is(load: Load, text: str) -> None:
    """D23: the rule refuses no id of the API's shape."""
    config = load(f"clusters: [{{id: {text}}}]")

    assert config.clusters[0].id == text


UNKNOWN = {
    "typo": ("api: {page_sise: 3}", "2:7: api.page_sise: unknown key: did you mean page_size?"),
    "attribute-name": ("api: {page_timeout_s: 3s}", "2:7: api.page_timeout_s: unknown key: did you mean page_timeout?"),
    "section": ("loging: {}", "2:1: loging: unknown key: did you mean log?"),
    "far-off": (
        "zzz: 1",
        (
            "2:1: zzz: unknown key: "
            "file has database, api, auth, clusters, discovery, freshness, guard, retention, schedule, http, "
            "metrics, log"
        ),
    ),
    "in-a-source": (
        "auth: {iam_token: {evn: A, file: /x}}",
        "2:20: auth.iam_token.evn: unknown key: did you mean env?",
    ),
    "with-a-variable": (
        "${A}: 1",
        (
            "2:1: …: unknown key: "
            "file has database, api, auth, clusters, discovery, freshness, guard, retention, schedule, http, "
            "metrics, log"
        ),
    ),
}


@pytest.mark.parametrize("text, expected", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_key_is_refused_with_a_suggestion(problems: Problems, text: str, expected: str) -> None:
    """A typo never leaves a default in force unnoticed."""
    found = problems(ONE + text, {"A": "log"})

    assert found == [f"config.yaml:{expected}"]


def test_all_problems_are_reported_at_once_in_the_order_of_the_file(problems: Problems) -> None:
    """Whoever mends a file sees the whole list, whichever stage found it."""
    found = problems(
        "log: {level: loud}\n"
        "api:\n"
        "  page_size: 5000\n"
        "  page_sise: 1\n"
        "  page_timeout: 7\n"
        "  connect_timeout: 0s\n"
        "clusters:\n"
        "  - id: ${ID}\n"
        "  - {name: a, name: b}\n"
        "  - id: c9q\n"
        "    service: mysq\n"
    )

    assert found == [
        "config.yaml:1:14: log.level: should be 'debug', 'info', 'warning' or 'error' (here: 'loud')",
        "config.yaml:3:14: api.page_size: should be less than or equal to 1000 (here: '5000')",
        "config.yaml:4:3: api.page_sise: unknown key: did you mean page_size?",
        "config.yaml:5:17: api.page_timeout: should be a duration with its unit: 90s, 15m, 26h or 14d (here: '7')",
        "config.yaml:6:20: api.connect_timeout: should be greater than 0 (here: '0s')",
        "config.yaml:8:9: clusters.0.id: the environment variable ID is not set and has no default (here: '${ID}')",
        "config.yaml:9:5: clusters.1.id: is missing",
        "config.yaml:9:15: clusters.1.name: stands twice: it is already on line 9",
        f"config.yaml:11:14: clusters.2.service: should be one of {', '.join(sorted(SERVICES))} (here: 'mysq')",
    ]


INVALID = {
    "both-sources": (
        "auth: {iam_token: {env: A, file: /b}}",
        "2:19: auth.iam_token: should have exactly one of env and file",
    ),
    "no-source": ("auth: {iam_token: {}}", "2:19: auth.iam_token: should have exactly one of env and file"),
    "two-credentials": (
        "auth:\n  metadata: {}\n  service_account_key: {file: /k}",
        "3:3: auth: should have exactly one credential, has service_account_key and metadata",
    ),
    "account-id": (
        "auth: {workload_identity: {service_account_id: 'a/b', token_file: /t}}",
        (
            "2:48: auth.workload_identity.service_account_id: should be a service account id: "
            "1 to 50 of A–Z, a–z, 0–9, _ and -, the first a letter or a digit"
        ),
    ),
    "workload-without-file": (
        "auth: {workload_identity: {service_account_id: aje}}",
        "2:27: auth.workload_identity.token_file: is missing",
    ),
    "metadata-with-a-key": (
        "auth: {metadata: {addr: 1.2.3.4}}",
        "2:19: auth.metadata.addr: unknown key: auth.metadata has no keys",
    ),
    "plain-http-for-keys": (
        "api: {iam_url: 'http://iam.api.cloud.yandex.net'}",
        (
            "2:16: api.iam_url: should begin with https:// (http is accepted for loopback only) "
            "(here: 'http://iam.api.cloud.yandex.net')"
        ),
    ),
    "empty-path": (
        "auth: {iam_token: {file: ''}}",
        "2:26: auth.iam_token.file: should be the path of a file, not empty",
    ),
    "path-as-number": ("auth: {iam_token: {file: 5}}", "2:26: auth.iam_token.file: should be the path of a file"),
    "url-as-number": ("database: {url: 5}", "2:17: database.url: should be text like postgresql://user@host/database"),
    "section-as-number": ("guard: 5", "2:8: guard: should be a mapping of keys and values"),
    "section-as-list": ("guard: [5]", "2:8: guard: should be a mapping of keys and values"),
    "share": (
        "guard: {mass_vanish_share: 1.5}",
        "2:28: guard.mass_vanish_share: should be less than or equal to 1 (here: '1.5')",
    ),
    "rows": (
        "guard: {mass_vanish_rows: -1}",
        "2:27: guard.mass_vanish_rows: should be greater than or equal to 0 (here: '-1')",
    ),
    "rate": ("api: {requests_per_second: 0}", "2:28: api.requests_per_second: should be greater than 0 (here: '0')"),
    "huge": (
        "api: {pages_max: '9999999999999999999'}",
        "2:18: api.pages_max: should be a plain decimal number (here: '9999999999999999999')",
    ),
    "nothing": ("log: {level: }", "2:14: log.level: should be 'debug', 'info', 'warning' or 'error' (here: nothing)"),
}


@pytest.mark.parametrize("text, expected", INVALID.values(), ids=INVALID.keys())
def test_a_value_of_the_wrong_kind_or_size_is_refused(problems: Problems, text: str, expected: str) -> None:
    """Each message names the key, the rule, and the value where it cannot be a secret."""
    found = problems(ONE + text)

    assert found == [f"config.yaml:{expected}"]


def test_null_stands_for_no_limit_no_name_and_no_labels(load: Load) -> None:
    """A setting that can be absent can say so."""
    config = load("clusters: [{id: c9q, name: null, labels: null, max_age: null}]\napi: {requests_per_second: null}")

    assert config == load(ONE).model_copy(update={"api": config.api})
    assert config.api.requests_per_second is None


def test_a_section_whose_keys_are_commented_out_has_its_defaults(load: Load) -> None:
    """`log:` with nothing under it is what is left when its keys become comments."""
    config = load(ONE + "database:\napi:\nauth:\nfreshness:\nguard:\nlog:\n")

    assert config == load(ONE)


def test_variables_are_replaced_in_values_and_take_the_type_of_their_key(load: Load) -> None:
    """A value from the environment is text that the model reads, never YAML."""
    config = load(
        "api: {page_size: '${SIZE}', page_timeout: '${T:-7s}'}\n"
        "database: {auto_migrate: '${AUTO}', url: '${URL:-}'}\n"
        "clusters: [{id: 'c${ID}q', name: '${YAML}', labels: {a: '$${x} $5'}}]\n",
        {"SIZE": "12", "AUTO": "false", "ID": "9", "YAML": "[on, 012]", "T": ""},
    )

    assert (config.api.page_size, config.api.page_timeout_s) == (12, 7.0)
    assert (config.database.auto_migrate, config.database.url) == (False, None)
    assert (config.clusters[0].id, config.clusters[0].name) == ("c9q", "[on, 012]")
    assert config.clusters[0].labels == {"a": "${x} $5"}


def test_a_variable_that_is_empty_is_not_one_that_is_unset(load: Load, problems: Problems) -> None:
    """Set but empty is a value; unset is a problem at its place."""
    text = ONE + "database:\n  url: ${URL}"

    config, found = load(text, {"URL": ""}), problems(text)

    assert config.database.url is None
    assert found == ["config.yaml:3:8: database.url: the environment variable URL is not set and has no default"]


@pytest.mark.parametrize("text", ["${", "${}", "${1A}", "${A", "${A-b}", "${A:?b}", "${ A }", "x ${A.B}"])
def test_a_malformed_variable_is_refused(problems: Problems, text: str) -> None:
    """What looks like a variable is never taken literally."""
    (found,) = problems(f"clusters: [{{id: c9q, name: '{text}'}}]", {"A": "x"})

    assert "clusters.0.name: ${ begins no variable" in found


def test_a_missing_file_is_a_problem_like_others(tmp_path: Path) -> None:
    """The message names the file and the system's reason."""
    path = tmp_path / "absent.yaml"

    with pytest.raises(ConfigError) as caught:
        load_config(path, {})

    assert caught.value.problems == [f"{path}:1:1: file: cannot be read: No such file or directory"]


def test_a_folder_and_a_fifo_are_refused_without_waiting(tmp_path: Path) -> None:
    """A configuration is a regular file; a FIFO nobody writes to must not hang the start."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    found = []
    for path in (tmp_path, fifo):
        with pytest.raises(ConfigError) as caught:
            load_config(path, {})
        found += caught.value.problems

    assert found == [
        f"{tmp_path}:1:1: file: cannot be read: Is a directory",
        f"{fifo}:1:1: file: cannot be read: not a regular file",
    ]
