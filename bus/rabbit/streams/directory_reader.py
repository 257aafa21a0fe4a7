"""Reader of the signed directory's two streams: changes as they come, and the last whole edition on demand."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import structlog

from bus.rabbit.address import NodeRotation
from bus.rabbit.content_header import OFFSET
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link.consumer import Consumer
from bus.rabbit.link_settings import LinkSettings
from bus.rabbit.session import Session
from bus.topology.names import DIRECTORY, DIRECTORY_CHANGES

LAST = {OFFSET: "last"}
"""From the last chunk on: a reader that was away gets at least the last change, which shows what it missed."""
FIRST = {OFFSET: "first"}
PREFETCH = 16
RENEW = 600.0
"""Seconds of silence after which the changes are read by a new connection, to another node where there is one. Silence
is the usual case, and a node cut off from its cluster is silent for ever."""
MAX_BYTES = 64 * 1024 * 1024
"""Of changes in one `changes`."""
SAME_CHUNK = 0.3
"""Seconds to wait for the next edition after one: those of one chunk come at once."""
NEXT = 3.0
"""Seconds to wait for the next edition of the whole stream: it may lie in another chunk."""


class DirectoryReader:
    """`bus.daemon.editions.Feed` over RabbitMQ. Connects at once and again after each loss, until closed."""

    def __init__(self, settings: LinkSettings, *, io: IoThread, renew: float = RENEW) -> None:
        """Tests give a shorter `renew`: ten minutes is too long to wait for."""
        self._settings = replace(settings, prefetch=PREFETCH)
        self._io = io
        self._renew = renew
        self._changes, self._session = self._open(DIRECTORY_CHANGES)
        self._heard_at = time.monotonic()

    def changes(self, *, wait: float) -> Sequence[bytes]:
        found = self._read(self._changes, wait)
        if found:
            self._heard_at = time.monotonic()
        elif time.monotonic() - self._heard_at > self._renew:
            # No change is missed between the two: the new consumer begins with the last one.
            self._changes.close()
            self._session.stop()
            self._changes, self._session = self._open(DIRECTORY_CHANGES)
            self._heard_at = time.monotonic()
        return found

    def whole(self, *, wait: float) -> bytes | None:
        consumer, session = self._open(DIRECTORY)
        deadline = time.monotonic() + wait
        try:
            last: bytes | None = None
            while (left := deadline - time.monotonic()) > 0:
                found = self._read(consumer, left if last is None else SAME_CHUNK)
                if not found and last is not None:
                    break
                last = found[-1] if found else last
            return last
        finally:
            consumer.close()
            session.stop()

    def history(self, *, wait: float) -> Iterator[bytes]:
        consumer, session = self._open(DIRECTORY, FIRST)
        try:
            while found := self._read(consumer, wait):
                yield from found
                wait = NEXT
        finally:
            consumer.close()
            session.stop()

    def close(self) -> None:
        self._changes.close()
        self._session.stop()
        self._session.closed.wait(1.0)

    def _open(self, queue: str, offset: Mapping[str, str] = LAST) -> tuple[Consumer, Session]:
        settings = self._settings
        log = structlog.get_logger().bind(mailbox=settings.mailbox, role=queue)
        consumer = Consumer(self._io, queue=queue, settings=settings, log=log, arguments=offset)
        session = Session(
            self._io,
            consumer,
            settings=settings,
            purpose=queue,
            rotation=NodeRotation(settings.nodes(), dice=random.random),
            dice=random.random,
            changed=lambda: None,
            log=log,
        )
        session.start()
        return consumer, session

    @staticmethod
    def _read(consumer: Consumer, wait: float) -> Sequence[bytes]:
        arrivals = consumer.receive(limit=PREFETCH, wait=wait, max_bytes=MAX_BYTES)
        consumer.ack(arrivals)
        return [arrival.body for arrival in arrivals]
