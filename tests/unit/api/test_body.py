"""A body as it arrives."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.api.body import MEMBERS_MAX, Body
from collector.errors import AnswerTooLarge, BadAnswer, TruncatedAnswer


def gzip_bomb(mebibytes: int) -> bytes:
    """A gzip of so many MiB of zeros: one flushed block again and again, so that it costs nothing to make."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return gzip.compress(b"")[:10] + block * mebibytes


def take(content: bytes, encoding: str, *, bytes_max: int = 10_000, chunk_bytes: int = 7) -> bytes:
    """Feed a body in small chunks."""
    body = Body(encoding, bytes_max=bytes_max)
    for start in range(0, len(content), chunk_bytes):
        body.feed(content[start : start + chunk_bytes])
    return body.finish()


@given(
    st.binary(max_size=2000), st.sampled_from(["", "identity", "gzip", "GZIP", " gzip ", "x-gzip"]), st.integers(1, 999)
)
def test_a_body_comes_out_as_it_was_meant(content: bytes, encoding: str, chunk_bytes: int) -> None:
    """However it was cut into chunks."""
    wire = gzip.compress(content) if "gzip" in encoding.lower() else content

    assert take(wire, encoding, chunk_bytes=chunk_bytes) == content


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=5), st.integers(1, 99))
def test_gzip_members_follow_each_other(parts: list[bytes], chunk_bytes: int) -> None:
    """RFC 1952 makes their concatenation one file."""
    wire = b"".join(map(gzip.compress, parts))

    assert take(wire, "gzip", chunk_bytes=chunk_bytes) == b"".join(parts)


@given(st.data())
def test_a_gzip_cut_anywhere_is_truncated(data: st.DataObject) -> None:
    """The trailer counts: without it the body is not known to be whole (D1)."""
    wire = gzip.compress(b"some text, " * 20)
    length = data.draw(st.integers(1, len(wire) - 1))

    with pytest.raises(TruncatedAnswer):
        take(wire[:length], "gzip")


def test_a_wrong_checksum_is_refused() -> None:
    """What does not fit its own sum is not what was sent."""
    wire = bytearray(gzip.compress(b"text" * 50))
    wire[-6] ^= 1

    with pytest.raises(BadAnswer):
        take(bytes(wire), "gzip")


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "gzip, identity", "x"])
def test_an_encoding_nobody_asked_for_is_refused(encoding: str) -> None:
    """Nested encodings multiply what a bomb can do (D6)."""
    with pytest.raises(BadAnswer, match="not asked for"):
        Body(encoding, bytes_max=1)


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_body_of_exactly_the_cap_is_taken(encoding: str) -> None:
    """The cap is the largest body, not the smallest too large."""
    content = bytes(1000)
    wire = gzip.compress(content) if encoding else content

    assert take(wire, encoding, bytes_max=1000) == content
    with pytest.raises(AnswerTooLarge, match="999 bytes"):
        take(wire, encoding, bytes_max=999)


def test_gzip_that_is_larger_than_its_content_is_capped_on_the_wire() -> None:
    """Many empty members decode to nothing, for ever."""
    with pytest.raises(AnswerTooLarge):
        take(gzip.compress(b"") * 1000, "gzip", bytes_max=500)


def test_more_gzip_members_than_anybody_sends_are_refused() -> None:
    """D6: an empty one is twenty bytes, and takes the decoder as long as two kilobytes of anything else."""
    member = gzip.compress(b"x")

    assert take(member * MEMBERS_MAX, "gzip") == b"x" * MEMBERS_MAX
    with pytest.raises(AnswerTooLarge, match="gzip members"):
        take(member * (MEMBERS_MAX + 1), "gzip")


def test_a_bomb_stops_at_the_cap_with_flat_memory() -> None:
    """400 MiB in 400 KiB: nothing past the cap is ever unfolded (D6)."""
    bomb = gzip_bomb(400)
    body = Body("gzip", bytes_max=4 << 20)

    tracemalloc.start()
    with pytest.raises(AnswerTooLarge):
        body.feed(bomb)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert len(bomb) < 1 << 20
    assert body.decoded_bytes == (4 << 20) + 1
    assert peak_bytes < 16 << 20
