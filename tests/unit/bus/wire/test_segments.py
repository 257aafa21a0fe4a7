"""bus/wire/segments.py: an attachment in sealed segments, and everything that may be done to them on the way."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.errors import BadBlob
from bus.wire.segments import TAG, Manifest, Sealed, Sealing, check_whole, nonce, opened
from schemas.docket import SEGMENT, Blob
from schemas.document import Attachment
from schemas.values import MessageId

MESSAGE = MessageId("019ab000-0000-7000-8000-000000000001")
PLAIN = bytes(range(256)) * (SEGMENT // 256) * 2 + b"the end"


def _sealed(content: bytes) -> tuple[Sealed, list[bytes]]:
    sealing = Sealing(Attachment.of("a.pdf", content), 3)
    segments = list(sealing.segments())
    return sealing.sealed(), segments


@pytest.mark.parametrize("size", [1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT])
def test_what_was_sealed_opens(size: int) -> None:
    """Of any size; every segment is of 1 MiB but the last, and 16 bytes longer once it is sealed."""
    content = (PLAIN * 2)[:size]
    made, segments = _sealed(content)
    assert (made.blob.attachment, made.blob.size, made.blob.segments) == (3, size, len(segments))
    assert [len(each) for each in segments[:-1]] == [SEGMENT + TAG] * (len(segments) - 1)
    assert b"".join(opened(made.blob, made.manifest, segments, message=MESSAGE)) == content


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=1, max_size=2000), st.integers(SEGMENT - 3, SEGMENT + 3))
def test_any_content_opens(some: bytes, size: int) -> None:
    """Whatever it says, around the end of a segment."""
    content = (some * (size // len(some) + 1))[:size]
    made, segments = _sealed(content)
    assert b"".join(opened(made.blob, made.manifest, segments, message=MESSAGE)) == content


def test_the_same_file_twice_is_nothing_alike() -> None:
    """A key and an id of its own each time: who sees segments learns not even that a file was sent before."""
    (one, first), (other, second) = _sealed(PLAIN), _sealed(PLAIN)
    assert one.blob.id != other.blob.id
    assert one.manifest.key != other.manifest.key
    assert not set(first) & set(second)


def test_each_nonce_is_used_once() -> None:
    """By number and by whether it is the last (schemas §10.2)."""
    assert nonce(1, is_last=False) == bytes(10) + b"\x01\x00"
    assert nonce(2**32, is_last=True) == bytes(6) + b"\x01" + bytes(4) + b"\x01"


def test_a_manifest_comes_back() -> None:
    """As bytes that stand in the content, and it is the one that the docket describes."""
    made, _ = _sealed(PLAIN)
    data = made.manifest.to_bytes()
    assert len(data) == 32 + 32 * 3
    assert Manifest.parse(data, made.blob, message=MESSAGE) == made.manifest
    assert "key" not in repr(made.manifest)


@pytest.mark.parametrize(
    ("name", "broken", "why"),
    [
        ("short", lambda data: data[:-1], "has 127 bytes"),
        ("long", lambda data: data + bytes(32), "has 160 bytes"),
        ("empty", lambda _: b"", "has 0 bytes"),
        ("lying", lambda data: data[:-1] + bytes([data[-1] ^ 1]), "not the one"),
        ("reordered", lambda data: data[:32] + data[64:96] + data[32:64] + data[96:], "not the one"),
    ],
)
def test_another_manifest_is_refused(name: str, broken: Callable[[bytes], bytes], why: str) -> None:
    """Too short, too long, with a digest that lies, or in another order."""
    made, _ = _sealed(PLAIN)
    with pytest.raises(BadBlob, match=why):
        Manifest.parse(broken(made.manifest.to_bytes()), made.blob, message=MESSAGE)


def test_segments_are_known_by_their_digest() -> None:
    """Each by its own number only; there is none before the first and none behind the last."""
    made, segments = _sealed(PLAIN)
    assert made.manifest.fits(2, segments[1])
    assert not made.manifest.fits(1, segments[1])
    assert not made.manifest.fits(2, segments[1][:-1])
    assert not made.manifest.fits(0, segments[0])
    assert not made.manifest.fits(4, segments[0])


@pytest.mark.parametrize(
    ("name", "done", "why"),
    [
        ("altered", lambda s: [s[0], s[1][:9] + bytes([s[1][9] ^ 1]) + s[1][10:], s[2]], "segment 2 is another"),
        ("missing", lambda s: [s[0], s[2]], "segment 2 is another"),
        ("repeated", lambda s: [s[0], s[0], s[1], s[2]], "segment 2 is another"),
        ("out of order", lambda s: [s[1], s[0], s[2]], "segment 1 is another"),
        ("ended early", lambda s: s[:2], "ends after segment 2 of 3"),
        ("nothing", lambda _: [], "ends after segment 0 of 3"),
        ("one too many", lambda s: [*s, s[2]], "segment 4 is another"),
    ],
)
def test_only_all_of_it_in_its_order_opens(name: str, done: Callable[[list[bytes]], list[bytes]], why: str) -> None:
    """Altered, missing, repeated, out of order, cut, too long: it is said where."""
    made, segments = _sealed(PLAIN)
    with pytest.raises(BadBlob, match=why):
        list(opened(made.blob, made.manifest, done(segments), message=MESSAGE))


def _relabelled(made: Sealed, segments: list[bytes]) -> Sealed:
    """A blob of other segments under the same key, described as they are."""
    digests = b"".join(hashlib.sha256(each).digest() for each in segments)
    size = sum(map(len, segments)) - TAG * len(segments)
    blob = Blob(
        attachment=3, id=made.blob.id, size=size, segments=len(segments), sha256=hashlib.sha256(digests).hexdigest()
    )
    return Sealed(blob, replace(made.manifest, digests=digests))


@pytest.mark.parametrize("count", [1, 2])
def test_a_file_cannot_be_cut_even_by_its_sender_s_words(count: int) -> None:
    """A docket and a manifest that name fewer segments do not make one of them the last."""
    made, segments = _sealed(PLAIN)
    cut = _relabelled(made, segments[:count])
    with pytest.raises(BadBlob, match="does not open"):
        list(opened(cut.blob, cut.manifest, segments[:count], message=MESSAGE))


def test_segments_of_another_length_are_refused() -> None:
    """Every one but the last has 1 MiB, and the last what the size says, whatever is signed."""
    made, _ = _sealed(PLAIN)
    cipher = AESGCM(made.manifest.key)
    short = [
        cipher.encrypt(nonce(1, is_last=False), bytes(10), None),
        cipher.encrypt(nonce(2, is_last=True), bytes(SEGMENT), None),
    ]
    lying = _relabelled(made, short)
    blob = lying.blob.model_copy(update={"size": SEGMENT + 10, "segments": 2})
    with pytest.raises(BadBlob, match="segment 1 has 26 bytes"):
        list(opened(blob, lying.manifest, short, message=MESSAGE))


def test_the_whole_file_is_the_one_described() -> None:
    """A digest that lies, or a size: found when all of it is there."""
    made, segments = _sealed(PLAIN)
    attachment = Attachment.of("a.pdf", PLAIN)
    check_whole(attachment, made.blob, made.manifest, segments, message=MESSAGE)
    for lie in (Attachment.of("a.pdf", PLAIN[:-1] + b"D"), attachment.model_copy(update={"size": 5})):
        with pytest.raises(BadBlob, match="another one than the document describes"):
            check_whole(lie, made.blob, made.manifest, segments, message=MESSAGE)


class _Pieces:
    """A source that gives what it was told to."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    def pieces(self, size: int) -> Iterator[bytes]:
        return iter(self._pieces)


@pytest.mark.parametrize(
    ("name", "size", "pieces", "why"),
    [
        ("shrunk", 10, (b"12345",), "not of 10 bytes"),
        ("in other pieces", 10, (b"12345", b"67890"), "not of 10 bytes"),
        ("grown", 10, (b"1234567890", b"1"), "not of 10 bytes"),
        ("cut at a segment", SEGMENT + 1, (bytes(SEGMENT),), f"not of {SEGMENT + 1} bytes"),
        ("gone", 10, (), "not of 10 bytes"),
        ("another", 10, (b"1234567890",), "its digest"),
    ],
)
def test_a_file_that_changed_since_it_was_described(name: str, size: int, pieces: tuple[bytes, ...], why: str) -> None:
    """Grown, shrunk, in other pieces than asked for, or another one: nothing of it is sealed as if it were the one."""
    sealing = Sealing(Attachment(name="a", size=size, sha256="0" * 64, source=_Pieces(*pieces)), 1)
    with pytest.raises(ValueError, match=why):
        list(sealing.segments())
