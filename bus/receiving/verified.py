"""The cache of messages that were judged good a moment ago, and need not be judged again when they are opened. In
memory only: messages from before a restart, or put into the store by a stranger, are not in it."""

import hashlib
import threading
from typing import Final

from cachetools import FIFOCache

from bus.wire import envelope
from bus.wire.envelope import Envelope
from schemas.docket import Docket
from schemas.values import MailboxCode, MessageId


class Verified:
    """The latest messages as parsed, older ones by the digests of their bodies. Threads may use it at once."""

    BYTES: Final = 4 * 1024 * 1024
    """Of bodies kept whole: as much as comes between two turns of the loop that opens them."""
    MOST: Final = 20_000
    """Digests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._digests: FIFOCache[bytes, None] = FIFOCache(self.MOST)
        self._whole = _Whole(self.BYTES, self._digests)

    def add(self, judged: Envelope) -> None:
        with self._lock:
            key = (judged.docket.sender.mailbox, judged.docket.id)
            self._whole.pop(key, None)
            if len(judged.body) <= self.BYTES:
                self._whole[key] = judged
            else:
                self._digests[_digest(judged)] = None

    def take(self, docket: Docket, body: bytes) -> Envelope | None:
        """The parsed message, where these very bytes were judged; once. Its docket is the one in `body`."""
        with self._lock:
            found = self._whole.pop((docket.sender.mailbox, docket.id), None)
            if found is not None and found.body == body:
                return found
            known = self._digests.pop(hashlib.sha256(body).digest(), 0) is None if self._digests else False
        return envelope.parse(body, known=docket) if known else None


class _Whole(FIFOCache[tuple[MailboxCode, MessageId], Envelope]):
    """Whole messages, so many bytes of them; of the oldest, which has to go, the digest is kept."""

    def __init__(self, most: int, digests: FIFOCache[bytes, None]) -> None:
        super().__init__(most, getsizeof=lambda judged: len(judged.body))
        self._kept_digests = digests

    def popitem(self) -> tuple[tuple[MailboxCode, MessageId], Envelope]:
        key, oldest = super().popitem()
        self._kept_digests[_digest(oldest)] = None
        return key, oldest


def _digest(judged: Envelope) -> bytes:
    return hashlib.sha256(judged.body).digest()
