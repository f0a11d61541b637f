"""A secret is read from where it lies, whole and clean, and shown nowhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.config import SecretSource, read_secret
from collector.errors import CredentialError

Write = Callable[..., Path]


@pytest.mark.parametrize("content", [b"t1.canary", b"t1.canary\n", b"t1.canary\r\n"], ids=["bare", "line-feed", "crlf"])
def test_one_line_break_at_the_end_is_dropped(write: Write, content: bytes) -> None:
    """Editors end files with one."""
    secret = read_secret(SecretSource(file=write(content)), {})

    assert (secret.value, secret.warning) == ("t1.canary", None)


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"a\n\n", "line break"),
        (b"a\nb", "line break"),
        (b"a\x00b", "control character"),
        (b"a\x1b[0m", "control character"),
        (b" a", "white space"),
        (b"a ", "white space"),
        (b"\xff", "not UTF-8"),
        (b"\xef\xbb\xbfa", "control character"),
        (b"a" * (64 * 1024 + 1), "larger than 64 KiB"),
    ],
    ids=["nothing", "a-line-break", "two", "inner", "nul", "escape", "before", "after", "utf-8", "mark", "too-big"],
)
def test_a_file_that_holds_no_single_clean_line_is_refused(write: Write, content: bytes, reason: str) -> None:
    """What cannot be a token never gets into a header."""
    path = write(content)

    with pytest.raises(CredentialError, match=reason) as caught:
        read_secret(SecretSource(file=path), {})

    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "env, reason",
    [({}, "TOKEN is not set"), ({"TOKEN": ""}, "TOKEN is empty"), ({"TOKEN": "a\nb"}, "line break")],
    ids=["unset", "empty", "two-lines"],
)
def test_a_variable_that_is_unset_is_told_from_an_empty_one(env: dict[str, str], reason: str) -> None:
    """The two have different causes in a manifest."""
    with pytest.raises(CredentialError, match=reason):
        read_secret(SecretSource(env="TOKEN"), env)


def test_a_variable_is_read_like_a_file() -> None:
    """A secret that was made from a file keeps its line break in the environment too."""
    secret = read_secret(SecretSource(env="TOKEN"), {"TOKEN": "t1.canary\n"})

    assert secret.value == "t1.canary"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604], ids=oct)
def test_a_file_that_others_can_read_is_used_with_a_warning(write: Write, mode: int) -> None:
    """Kubernetes mounts secrets so, which is no reason to stop."""
    path = write(b"t1.canary", mode)

    secret = read_secret(SecretSource(file=path), {})

    assert secret.value == "t1.canary"
    assert secret.warning == f"the secret file {path} can be read by others (mode {mode:04o})"


@pytest.mark.parametrize("mode, exposed", [(0o440, False), (0o444, True)], ids=["group", "all"])
def test_whom_a_group_lets_in_exposes_nothing_by_it(
    write: Write, monkeypatch: pytest.MonkeyPatch, mode: int, exposed: bool
) -> None:
    """Kubernetes mounts a secret as root's, with the pod's own group: less than that, and nobody could read it."""
    path = write(b"t1.canary", mode)
    monkeypatch.setattr("os.geteuid", lambda: path.stat().st_uid + 1)

    secret = read_secret(SecretSource(file=path), {})

    assert (secret.warning is not None) is exposed


def test_a_symbolic_link_to_a_regular_file_is_followed(write: Write, tmp_path: Path) -> None:
    """Kubernetes swaps mounted secrets through links."""
    link = tmp_path / "link"
    link.symlink_to(write(b"t1.canary"))

    secret = read_secret(SecretSource(file=link), {})

    assert secret.value == "t1.canary"


def test_a_fifo_is_refused_without_waiting(tmp_path: Path) -> None:
    """Nobody may ever write to it."""
    path = tmp_path / "fifo"
    os.mkfifo(path)

    with pytest.raises(CredentialError, match="not a regular file"):
        read_secret(SecretSource(file=path), {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The system's own reason is kept."""
    path = tmp_path / "absent"

    with pytest.raises(CredentialError, match="absent cannot be read: No such file"):
        read_secret(SecretSource(file=path), {})


def test_a_secret_that_was_rotated_is_read_anew(write: Write) -> None:
    """Nothing is kept from one reading to the next."""
    source = SecretSource(file=write(b"first"))

    first, second = read_secret(source, {}), (write(b"second"), read_secret(source, {}))[1]

    assert (first.value, second.value) == ("first", "second")


def test_the_value_is_in_no_repr(write: Write) -> None:
    """A secret in a traceback's locals or a log shows that it is there, not what it is."""
    secret = read_secret(SecretSource(file=write(b"t1.canary")), {})

    assert "canary" not in f"{secret} {secret!r}"
