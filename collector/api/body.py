"""
A body as it arrives: counted on the wire, decoded, counted again. No I/O.

A short answer may unfold to gigabytes, so nothing is decoded past the cap: at
no moment is more than the cap, and one chunk of the wire, held.
"""

from __future__ import annotations

import zlib
from typing import Final

from collector.errors import AnswerTooLarge, BadAnswer, TruncatedAnswer

GZIP_WBITS: Final = 16 + zlib.MAX_WBITS

MEMBERS_MAX: Final = 100
"""Of one gzip body. Each costs the decoder far more than the twenty bytes that an empty one has on the wire."""


class Body:
    """One body, fed chunk by chunk. Identity and gzip only: nothing else was asked for."""

    def __init__(self, encoding: str, *, bytes_max: int) -> None:
        """
        Start empty.

        Args:
            encoding: the `Content-Encoding`, empty for none.
            bytes_max: cap for the bytes on the wire, and again for the decoded ones.

        Raises:
            BadAnswer: an encoding that was not asked for, or several.
        """
        name = encoding.strip().lower()
        if name not in {"", "identity", "gzip", "x-gzip"}:
            raise BadAnswer(f"the body comes in an encoding that was not asked for: {name[:40]!r}")
        self._inflater = zlib.decompressobj(GZIP_WBITS) if name.endswith("gzip") else None
        self._bytes_max = bytes_max
        self._wire_bytes = 0
        self._members = 1
        self._pieces: list[bytes] = []
        self.decoded_bytes = 0
        """How much was decoded until now."""

    def feed(self, chunk: bytes) -> None:
        """
        Take in one chunk of the wire.

        Raises:
            AnswerTooLarge: past the cap, on the wire or decoded, or in too many pieces.
            BadAnswer: not gzip, though called so.
        """
        self._wire_bytes += len(chunk)
        self._check(self._wire_bytes)
        if self._inflater is None:
            self._keep(chunk)
        else:
            self._inflate(self._inflater, chunk)

    def finish(self) -> bytes:
        """
        Give the whole body.

        Raises:
            TruncatedAnswer: gzip that ended before its end.
        """
        if self._inflater is not None and self._wire_bytes and not self._inflater.eof:
            raise TruncatedAnswer(f"the gzip body ended early, after {self._wire_bytes} bytes")
        return b"".join(self._pieces)

    def _inflate(self, inflater: zlib._Decompress, chunk: bytes) -> None:
        while chunk:
            if inflater.eof:  # RFC 1952 lets several members follow each other.
                inflater = self._inflater = self._next_member()
            try:
                # One byte past the cap is enough to know.
                piece = inflater.decompress(chunk, self._bytes_max - self.decoded_bytes + 1)
            except zlib.error:
                raise BadAnswer(f"the body is not the gzip it claims to be (byte {self._wire_bytes})") from None
            self._keep(piece)
            chunk = inflater.unused_data

    def _next_member(self) -> zlib._Decompress:
        self._members += 1
        if self._members > MEMBERS_MAX:
            raise AnswerTooLarge(f"the body has more than {MEMBERS_MAX} gzip members")
        return zlib.decompressobj(GZIP_WBITS)

    def _keep(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self.decoded_bytes += len(piece)
        self._check(self.decoded_bytes)

    def _check(self, size_bytes: int) -> None:
        if size_bytes > self._bytes_max:
            raise AnswerTooLarge(f"the body is larger than {self._bytes_max} bytes (page_bytes_max)")
