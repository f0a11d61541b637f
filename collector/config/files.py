"""
Read one whole file, bounded: a regular file of a known largest size, or an `OSError` that says why not.

A FIFO or a device is refused without waiting for it. Symbolic links to regular files are
followed, because Kubernetes mounts configuration and secrets through them.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import NamedTuple


class FileContent(NamedTuple):
    """The bytes of a file, its permission bits (`0o600`), and whether it belongs to whom this process runs as."""

    raw: bytes
    mode: int
    owned: bool


def read_file(path: Path, *, bytes_max: int) -> FileContent:
    """
    Read a regular file of at most `bytes_max` bytes.

    Raises:
        OSError: absent, not permitted, not a regular file, or too large; `strerror` says which.
    """
    # Without O_NONBLOCK the open of a FIFO waits for a writer that may never come.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        raw = stream.read(bytes_max + 1)
    if len(raw) > bytes_max:
        raise OSError(errno.EFBIG, f"larger than {bytes_max // 1024} KiB")
    return FileContent(raw, stat.S_IMODE(status.st_mode), owned=status.st_uid == os.geteuid())
