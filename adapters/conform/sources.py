"""Large files that take no memory: their bytes are generated while they are read, the same each time."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from schemas.document import CHUNK, Attachment


@dataclass(frozen=True, slots=True)
class Generated:
    """A source of bytes that cannot be compressed; every mebibyte is different."""

    size: int
    seed: int = 0
    fails_at: int | None = None
    """Raises OSError after so many bytes, as a failing disk does; None: never."""
    ends_at: int | None = None
    """Ends after so many bytes without an error, as a truncated file does; None: it is complete."""

    def pieces(self, size: int) -> Iterator[bytes]:
        held = bytearray()
        for block in self._blocks():
            held += block
            whole = len(held) - len(held) % size
            yield from (bytes(held[at : at + size]) for at in range(0, whole, size))
            del held[:whole]
        if held:
            yield bytes(held)

    def _blocks(self) -> Iterator[bytes]:
        end = self.size if self.ends_at is None else min(self.size, self.ends_at)
        for number, at in enumerate(range(0, end, CHUNK)):
            if self.fails_at is not None and at + CHUNK > self.fails_at:
                raise OSError(5, "Input/output error")
            yield (number.to_bytes(8) + _block(self.seed)[8:])[: end - at]


@lru_cache(maxsize=4)
def _block(seed: int) -> bytes:
    return random.Random(seed).randbytes(CHUNK)  # noqa: S311 — the same each time, and no secret


def large(name: str, size: int, *, seed: int = 0, content_id: str | None = None) -> Attachment:
    """Returns an attachment of that many bytes, described correctly. Reads them once."""
    return lying(name, Generated(size, seed), content_id=content_id)


def lying(name: str, source: Generated, *, content_id: str | None = None) -> Attachment:
    """Returns an attachment described as if its source were complete."""
    digest = hashlib.sha256()
    for piece in Generated(source.size, source.seed).pieces(CHUNK):
        digest.update(piece)
    return Attachment(name=name, size=source.size, sha256=digest.hexdigest(), content_id=content_id, source=source)
