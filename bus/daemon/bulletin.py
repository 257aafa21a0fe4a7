"""The edition of the directory in force for all mailboxes of one process: newer ones come over the bus, are judged,
kept on disk, and then every mailbox goes by them. The centre may be away: what is held stays."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

import structlog

from bus.certificates import Certificate
from bus.crashpoints import reached
from bus.edition import Edition, accept
from bus.errors import BadEdition

log = structlog.get_logger()

WAIT = 0.5
"""Seconds that one turn waits for news."""
WHOLE_WAIT = 15.0
"""Seconds for the whole edition, where a change does not fit the one held."""


class Feed(Protocol):
    """The directory's two streams on a broker."""

    def changes(self, *, wait: float) -> Sequence[bytes]:
        """What came since the last call, oldest first."""

    def whole(self, *, wait: float) -> bytes | None:
        """The last whole edition; None where none came in time."""

    def close(self) -> None: ...


class Bulletin:
    """`step` is a loop's step. Threads may read `edition` at any time."""

    def __init__(
        self,
        edition: Edition,
        *,
        roots: Sequence[Certificate],
        feed: Feed,
        keep: Callable[[bytes], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.edition = edition
        self.refused: tuple[datetime, str] | None = None
        """When an edition was last refused, and why."""
        self._roots = tuple(roots)
        self._feed = feed
        self._keep = keep
        self._clock = clock

    def step(self) -> bool:
        for encoded in self._feed.changes(wait=WAIT):
            if not self.offer(encoded):
                whole = self._feed.whole(wait=WHOLE_WAIT)
                if whole is not None:
                    self.offer(whole)
                else:
                    log.warning("directory.whole-missing", held=self.edition.header.version)
        return False

    def offer(self, encoded: bytes) -> bool:
        """False where it is a change to another edition than the one held. What is refused is said, and changes
        nothing."""
        now = self._clock()
        try:
            edition = accept(self.edition, encoded, roots=self._roots, now=now)
        except BadEdition as error:
            self.refused = (now, str(error.facts["why"]))
            held = self.edition.header.version
            log.error("directory.refused", held=held, error=str(error))  # noqa: TRY400 — a fact, no fault of ours
            return True
        if edition is None:
            return False
        if edition is not self.edition:
            self._keep(edition.encoded)
            reached("edition.kept")
            self.edition = edition
            header = edition.header
            log.info("directory.taken", version=header.version, issued_at=header.issued_at, bytes=len(encoded))
        return True

    def close(self) -> None:
        self._feed.close()
