"""The directory's two streams, read over AMQP: changes as they come, and the last whole edition when it is wanted."""

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import structlog

from bus.rabbit.address import Turn
from bus.rabbit.consumer import Consumer
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link import LinkSettings
from bus.rabbit.session import Session
from bus.topology import DIRECTORY, DIRECTORY_CHANGES

LAST = {"x-stream-offset": "last"}
"""From the last chunk on: a reader that was away sees at least the last change, and knows by it what it missed."""
PREFETCH = 16
RENEW = 600.0
"""Seconds of silence after which the changes are read anew, from another node where there is one: a node cut off from
its cluster would be silent for ever, and no editions are the usual case."""


class Feed:
    """`bus.daemon.bulletin.Feed` over RabbitMQ. Connects at once and for ever, until closed."""

    def __init__(self, settings: LinkSettings, *, io: IoThread, renew: float = RENEW) -> None:
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
            # What comes between the two is not missed: the new reader begins with the last change that there is.
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
                # A chunk may hold several: what follows the first is there at once.
                found = self._read(consumer, left if last is None else 0.3)
                if not found and last is not None:
                    break
                last = found[-1] if found else last
            return last
        finally:
            consumer.close()
            session.stop()

    def close(self) -> None:
        self._changes.close()
        self._session.stop()
        self._session.closed.wait(1.0)

    def _open(self, queue: str) -> tuple[Consumer, Session]:
        settings = self._settings
        log = structlog.get_logger().bind(mailbox=settings.mailbox, role=queue)
        consumer = Consumer(self._io, queue=queue, limits=settings, log=log, arguments=LAST)
        session = Session(
            self._io,
            consumer,
            turn=Turn(settings.nodes(), dice=random.random),
            parameters=partial(settings.parameters, role=queue),
            retry=settings.retry,
            refused_retry=settings.refused_retry,
            setup_timeout=settings.setup_timeout,
            dice=random.random,
            changed=lambda: None,
            log=log,
        )
        consumer.session = session
        session.start()
        return consumer, session

    @staticmethod
    def _read(consumer: Consumer, wait: float) -> Sequence[bytes]:
        arrivals = consumer.receive(limit=PREFETCH, wait=wait, max_bytes=64 * 1024 * 1024)
        consumer.ack(arrivals)
        return [arrival.body for arrival in arrivals]
