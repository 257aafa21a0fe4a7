"""A file sealed to one key, a piece at a time: bytes in, bytes out, whatever its size. A backup of a store is one.
schemas/README.md §12 is this file in words.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bus.errors import CannotOpenBackup, Words
from bus.trust.keys import WRAPPED_SIZE, SealingKey, SealingPublicKey
from bus.wire.segments import LARGEST, nonce

MAGIC: Final = b"LTB\x01"
_INFO: Final = b"lienthong/1 sealed file\n"
_ID: Final = 32


def sealed(pieces: Iterable[bytes], to: SealingPublicKey) -> Iterator[bytes]:
    """The sealed file. Every piece but the last is of 1 MiB; no piece: the file is empty."""
    key = AESGCM.generate_key(256)
    cipher, name = AESGCM(key), to.id.encode()
    yield MAGIC + name + to.wrap(key, _INFO + name)
    number, before = 1, b""
    for at, piece in enumerate(pieces):
        if at:
            yield cipher.encrypt(nonce(number, is_last=False), before, None)
            number += 1
        before = piece
    yield cipher.encrypt(nonce(number, is_last=True), before, None)


def opened(read: Callable[[int], bytes], key: SealingKey, *, file: object) -> Iterator[bytes]:
    """The file's pieces; `read` gives the next so many bytes, and fewer only at the end. Raises CannotOpenBackup before
    it gives anything of a piece that was altered, and where the end is missing: use nothing of it then."""
    magic, name, wrapped = read(len(MAGIC)), read(_ID), read(WRAPPED_SIZE)
    if magic != MAGIC or len(wrapped) != WRAPPED_SIZE:
        raise CannotOpenBackup(file=file, why=Words("nó không phải tệp đã niêm phong", "it is no sealed file"))
    if name != key.id.encode():
        to = name.decode("ascii", "replace")
        raise CannotOpenBackup(
            file=file,
            why=Words(f"niêm phong cho khóa {to}, không phải {key.id}", f"it is sealed to key {to}, not {key.id}"),
        )
    content_key = key.unwrap(wrapped, _INFO + name)
    if content_key is None:
        raise CannotOpenBackup(file=file, why=Words("phần đầu đã bị sửa", "its beginning was altered"))
    cipher, number, piece = AESGCM(content_key), 1, read(LARGEST)
    while True:
        following = read(LARGEST) if len(piece) == LARGEST else b""
        try:
            yield cipher.decrypt(nonce(number, is_last=not following), piece, None)
        except (InvalidTag, ValueError) as exc:
            why = Words(
                f"đoạn {number} đã bị sửa hoặc mất phần sau", f"piece {number} was altered, or what follows is missing"
            )
            raise CannotOpenBackup(file=file, why=why) from exc
        if not following:
            return
        number, piece = number + 1, following
