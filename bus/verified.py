"""What was judged good a moment ago, and need not be judged again when it is opened. In memory only: of what came
before a restart, or was put into the store by a stranger, nothing is known here."""

import hashlib
import threading
from typing import Final

from bus import envelope
from bus.envelope import Envelope
from schemas.docket import Docket
from schemas.values import MailboxCode, MessageId


class Verified:
    """The latest ones taken apart as they are, the others by the digests of their bodies. Safe to use from several
    threads."""

    BYTES: Final = 4 * 1024 * 1024
    """Of bodies kept whole: what comes between two turns of the loop that opens them."""
    MOST: Final = 20_000
    """Digests."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._whole: dict[tuple[MailboxCode, MessageId], Envelope] = {}
        self._bytes = 0
        self._digests: dict[bytes, None] = {}

    def add(self, judged: Envelope) -> None:
        with self._turn:
            key = (judged.docket.sender.mailbox, judged.docket.id)
            self._drop(key)
            self._whole[key] = judged
            self._bytes += len(judged.body)
            while self._bytes > self.BYTES:
                self._demote(self._drop(next(iter(self._whole))))

    def take(self, docket: Docket, body: bytes) -> Envelope | None:
        """The message taken apart, where these very bytes were judged; once. Its docket is the one in `body`."""
        with self._turn:
            found = self._drop((docket.sender.mailbox, docket.id))
            if found is not None and found.body == body:
                return found
            known = self._digests.pop(hashlib.sha256(body).digest(), 0) is None if self._digests else False
        return envelope.parse(body, known=docket) if known else None

    def _drop(self, key: tuple[MailboxCode, MessageId]) -> Envelope | None:
        dropped = self._whole.pop(key, None)
        if dropped is not None:
            self._bytes -= len(dropped.body)
        return dropped

    def _demote(self, oldest: Envelope | None) -> None:
        assert oldest is not None
        if len(self._digests) >= self.MOST:
            self._digests = dict.fromkeys(list(self._digests)[self.MOST // 2 :])
        self._digests[hashlib.sha256(oldest.body).digest()] = None
