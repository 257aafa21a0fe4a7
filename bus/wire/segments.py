"""An attachment in sealed segments, and back: bytes in, bytes out, one segment at a time. schemas/README.md §10 is this
file in words. Where segments lie, and how they get there, is not known here; the only thing taken from the world is the
operating system's randomness.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bus.errors import BadBlob, Words
from schemas.docket import SEGMENT, Blob, segments_of
from schemas.document import Attachment
from schemas.values import BlobId, MessageId

TAG: Final = 16
LARGEST: Final = SEGMENT + TAG
"""Bytes of a sealed segment, at the most."""
_KEY: Final = 32
_DIGEST: Final = 32


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stands in the sealed content in place of the attachment's bytes: the key, and each sealed segment's digest.
    schemas §10.3"""

    key: bytes = field(repr=False)
    digests: bytes = field(repr=False)

    @classmethod
    def parse(cls, data: bytes, blob: Blob, *, message: MessageId) -> Self:
        """Raises BadBlob where it is not the one that the docket describes."""
        digests = data[_KEY:]
        if len(digests) != _DIGEST * blob.segments or len(data) < _KEY:
            raise _bad(blob, message, _manifest(len(data), blob.segments))
        if hashlib.sha256(digests).hexdigest() != blob.sha256:
            raise _bad(
                blob,
                message,
                Words("danh sách đoạn khác với danh sách đã ký", "its manifest is not the one that was signed for"),
            )
        return cls(data[:_KEY], digests)

    def to_bytes(self) -> bytes:
        return self.key + self.digests

    def fits(self, number: int, sealed: bytes) -> bool:
        """Whether these are the bytes of segment `number`, from 1; of a number that is none, never."""
        at = _DIGEST * (number - 1)
        return number > 0 and hmac.compare_digest(self.digests[at : at + _DIGEST], hashlib.sha256(sealed).digest())


class Sealing:
    """One attachment on its way into segments, under a key and an id of their own. Used once."""

    def __init__(self, attachment: Attachment, number: int) -> None:
        """`number`: which of the document's attachments, from 1."""
        self.id: Final[BlobId] = secrets.token_hex(16)
        self._attachment = attachment
        self._number = number
        self._key = AESGCM.generate_key(256)
        self._digests = bytearray()

    def segments(self) -> Iterator[bytes]:
        """In their order, sealed. Raises ValueError where the bytes are not as many as described, or not those, and
        whatever the attachment's source raises."""
        size, last = self._attachment.size, segments_of(self._attachment.size)
        cipher, plain = AESGCM(self._key), hashlib.sha256()
        number = 0
        for number, piece in enumerate(self._attachment.pieces(SEGMENT), 1):
            wanted = SEGMENT if number < last else size - SEGMENT * (last - 1)
            if number > last or len(piece) != wanted:
                raise ValueError(f"attachment {self._number} is not of {size} bytes")
            plain.update(piece)
            sealed = cipher.encrypt(nonce(number, is_last=number == last), piece, None)
            self._digests += hashlib.sha256(sealed).digest()
            yield sealed
        if number != last:
            raise ValueError(f"attachment {self._number} is not of {size} bytes")
        if plain.hexdigest() != self._attachment.sha256:
            raise ValueError(f"attachment {self._number} does not match its digest")

    def sealed(self) -> "Sealed":
        """What is said of it, once all `segments` came."""
        digests = bytes(self._digests)
        return Sealed(
            blob=Blob(
                attachment=self._number,
                id=self.id,
                size=self._attachment.size,
                segments=len(digests) // _DIGEST,
                sha256=hashlib.sha256(digests).hexdigest(),
            ),
            manifest=Manifest(self._key, digests),
        )


@dataclass(frozen=True, slots=True)
class Sealed:
    """An attachment that lies sealed in segments: what the docket says of it, and what only recipients are told."""

    blob: Blob
    manifest: Manifest


def opened(blob: Blob, manifest: Manifest, segments: Iterable[bytes], *, message: MessageId) -> Iterator[bytes]:
    """The file's bytes, a segment each. Raises BadBlob before it gives anything of a segment that is not the next one
    of this blob, and where one is missing at the end, or one too many. The whole file's digest is not asked for."""
    cipher = AESGCM(manifest.key)
    number = 0
    for number, sealed in enumerate(segments, 1):
        if number > blob.segments or not manifest.fits(number, sealed):
            raise _bad(
                blob,
                message,
                Words(
                    f"đoạn {number} khác với danh sách đoạn", f"segment {number} is another one than the manifest says"
                ),
            )
        is_last = number == blob.segments
        wanted = SEGMENT if not is_last else blob.size - SEGMENT * (blob.segments - 1)
        if len(sealed) != wanted + TAG:
            raise _bad(
                blob,
                message,
                Words(f"đoạn {number} dài {len(sealed)} byte", f"segment {number} has {len(sealed)} bytes"),
            )
        try:
            yield cipher.decrypt(nonce(number, is_last=is_last), sealed, None)
        except InvalidTag as exc:
            raise _bad(blob, message, Words(f"đoạn {number} không mở được", f"segment {number} does not open")) from exc
    if number != blob.segments:
        raise _bad(
            blob,
            message,
            Words(
                f"nó hết sau đoạn {number} trên {blob.segments}", f"it ends after segment {number} of {blob.segments}"
            ),
        )


def check_whole(
    attachment: Attachment, blob: Blob, manifest: Manifest, segments: Iterable[bytes], *, message: MessageId
) -> None:
    """Raises BadBlob where the file in these segments is not the one that the document describes."""
    plain, size = hashlib.sha256(), 0
    for piece in opened(blob, manifest, segments, message=message):
        plain.update(piece)
        size += len(piece)
    if size != attachment.size or plain.hexdigest() != attachment.sha256:
        raise _bad(
            blob,
            message,
            Words("tệp trong đó khác với tệp văn bản ghi", "the file in it is another one than the document describes"),
        )


def nonce(number: int, *, is_last: bool) -> bytes:
    """Each number once under a key; the last says that it is, so that none can be cut off. schemas §10.2"""
    return number.to_bytes(11) + bytes([is_last])


def _manifest(size: int, segments: int) -> Words:
    vi = f"danh sách đoạn dài {size} byte cho {segments} đoạn"
    return Words(vi, f"its manifest has {size} bytes for {segments} segments")


def _bad(blob: Blob, message: MessageId, why: Words) -> BadBlob:
    return BadBlob(attachment=blob.attachment, message=message, why=why)


def total(blobs: Sequence[Blob]) -> int:
    """Segments of all."""
    return sum(blob.segments for blob in blobs)


def after(blobs: Sequence[Blob], done: int) -> tuple[Blob, int] | None:
    """Which segment comes after so many, counted through one blob behind the other: the blob, and the number in it.
    None behind the last."""
    for blob in blobs:
        if done < blob.segments:
            return blob, done + 1
        done -= blob.segments
    return None
