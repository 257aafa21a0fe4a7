"""Where large attachments wait, on the broker: `bus.ports.Blobs` over a stream of each mailbox. Wiring; the two halves
(upload, download) do the work.

Two connections, since a broker short of memory or disk stops reading the one that publishes; both opened when needed.
A mailbox feeds its stream through its own exchange, and reads everybody's: what lies there is sealed. The stream
forgets by itself. A mark is an offset.
"""

import random
from collections.abc import Callable, Sequence

import structlog

from bus.ports import SEGMENTS_AT_ONCE
from bus.rabbit.download import Download
from bus.rabbit.io_thread import IoThread
from bus.rabbit.line import KIND, Line
from bus.rabbit.link import LinkSettings
from bus.rabbit.upload import Upload
from bus.records import Segment
from bus.topology import blobs_of
from schemas.values import BlobId, MailboxCode

QUIET = 2.0
"""Seconds without a byte in which a stream comes to its end."""
STALLED = 60.0
"""Seconds without one in which a connection is given up, where something should come or go."""
IDLE = 60.0
"""Seconds without use after which a connection is closed."""


class StreamBlobs:
    kind = KIND

    def __init__(
        self,
        settings: LinkSettings,
        *,
        io: IoThread,
        quiet: float = QUIET,
        stalled: float = STALLED,
        idle: float = IDLE,
        dice: Callable[[], float] = random.random,
    ) -> None:
        log = structlog.get_logger().bind(mailbox=settings.mailbox, role=Download.name)
        self._own = blobs_of(settings.mailbox)
        user = settings.nodes()[0].user
        self._upload = Upload(io, mailbox=settings.mailbox, user=user, patience=stalled)
        self._download = Download(io, quiet=quiet, stalled=stalled, log=log)
        self._putting = Line(io, self._upload, settings=settings, idle=idle, dice=dice)
        self._getting = Line(io, self._download, settings=settings, idle=idle, dice=dice)

    def begin(self) -> str:
        """Where the last chunk begins: what is put from now on comes behind it."""
        with self._getting.used():
            return str(self._download.last(self._own) or 0)

    def put(self, segments: Sequence[Segment]) -> None:
        if segments:
            with self._putting.used():
                self._upload.put(segments)

    def get(
        self, sender: MailboxCode, blob: BlobId, *, first: int, mark: str | None, limit: int = SEGMENTS_AT_ONCE
    ) -> Sequence[Segment]:
        with self._getting.used():
            return self._download.read(blobs_of(sender), blob, first=first, mark=mark, limit=limit)

    def remove(self, blobs: Sequence[BlobId]) -> None:
        """It forgets by itself."""

    @property
    def connections(self) -> int:
        """Open just now."""
        return sum(line.is_open for line in (self._getting, self._putting))

    def close(self) -> None:
        """Within two seconds, whoever waits here."""
        self._download.close()
        for line in (self._getting, self._putting):
            line.close()
