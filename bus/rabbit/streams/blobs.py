"""Blobs on the broker: `bus.ports.Blobs` over a stream of each mailbox. Wires the two halves, upload and download.

Two connections, since a broker short of memory or disk stops reading the one that publishes; both are opened on demand.
A mailbox writes its stream through its own exchange and reads everybody's: segments are sealed. The stream forgets by
itself. A mark is an offset.
"""

from collections.abc import Sequence

import structlog

from bus.ports.blobs import SEGMENTS_AT_ONCE
from bus.ports.records import Segment
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link_settings import LinkSettings
from bus.rabbit.streams.blob_download import BlobDownload
from bus.rabbit.streams.blob_upload import BlobUpload
from bus.rabbit.streams.on_demand_connection import KIND, OnDemandConnection
from bus.topology.names import blobs_of
from schemas.values import BlobId, MailboxCode

QUIET = 2.0
"""Seconds without a byte after which a stream may have come to its end."""
IDLE = 60.0
"""Seconds without use after which a connection is closed."""


class StreamBlobs:
    kind = KIND

    def __init__(self, settings: LinkSettings, *, io: IoThread, quiet: float = QUIET, idle: float = IDLE) -> None:
        """Tests give a shorter `quiet` and `idle`: each end of a stream takes one, each closing the other."""
        log = structlog.get_logger().bind(mailbox=settings.mailbox, role=BlobDownload.name)
        self._own = blobs_of(settings.mailbox)
        self._upload = BlobUpload(io, mailbox=settings.mailbox, user=settings.own_user)
        self._download = BlobDownload(io, quiet=quiet, log=log)
        self._put_connection = OnDemandConnection(io, self._upload, settings=settings, idle=idle)
        self._get_connection = OnDemandConnection(io, self._download, settings=settings, idle=idle)

    def begin(self) -> str:
        """An offset in the last chunk: segments put from now on come behind it."""
        with self._get_connection.in_use():
            return str(self._download.last_offset(self._own) or 0)

    def put(self, segments: Sequence[Segment]) -> None:
        if segments:
            with self._put_connection.in_use():
                self._upload.put(segments)

    def get(
        self, sender: MailboxCode, blob: BlobId, *, first: int, mark: str | None, limit: int = SEGMENTS_AT_ONCE
    ) -> Sequence[Segment]:
        with self._get_connection.in_use():
            return self._download.read(blobs_of(sender), blob, first=first, mark=mark, limit=limit)

    def remove(self, blobs: Sequence[BlobId]) -> None:
        """Nothing: the stream forgets by itself."""

    @property
    def connections(self) -> int:
        """How many are open."""
        return sum(each.is_open for each in (self._get_connection, self._put_connection))

    def close(self) -> None:
        """Within two seconds, also while a call waits."""
        self._download.close()
        for each in (self._get_connection, self._put_connection):
            each.close()
