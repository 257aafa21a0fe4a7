"""A connection that is opened on demand and closed when idle: for large attachments, of which there may be none for
days. Its roles are in blob_upload.py and blob_download.py.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bus.errors import BlobsAway, said
from bus.rabbit.address import NodeRotation
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link_settings import LinkSettings
from bus.rabbit.session import SETUP_TIMEOUT, Role, Session, SessionState

KIND = "stream"
"""Of `bus.ports.Blobs`."""
CLOSE_TIMEOUT = 1.8
"""Seconds for closing the session."""
STALLED = 60.0
"""Seconds in which no byte moves, though some should, after which the connection is given up."""


class OnDemandConnection:
    """`in_use` is for one worker thread at a time, `close` for any thread; the rest runs on the I/O thread."""

    def __init__(self, io: IoThread, role: Role, *, settings: LinkSettings, idle: float) -> None:
        """`idle`: seconds without use after which it is closed."""
        self._io = io
        self._role = role
        self._settings = settings
        self._idle = idle
        self._rotation = NodeRotation(settings.nodes(), dice=random.random)
        self._log = structlog.get_logger().bind(mailbox=settings.mailbox, role=role.name)
        self._changes = threading.Condition()
        self._session: Session | None = None
        self._failures = 0
        self._is_in_use = False
        self._used_at = 0.0
        self._closed = False

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Open when the block begins: every node is tried once. Raises BlobsAway."""
        with self._changes:
            self._is_in_use = True
        try:
            self._open()
            yield
        finally:
            with self._changes:
                self._is_in_use, self._used_at = False, time.monotonic()

    def close(self) -> None:
        with self._changes:
            self._closed = True
            session, self._session = self._session, None
            self._changes.notify_all()
        if session is not None:
            session.stop()
            session.closed.wait(CLOSE_TIMEOUT)

    @property
    def is_open(self) -> bool:
        session = self._session
        return session is not None and session.state.ready

    def _open(self) -> None:
        session = self._session
        if session is None or not session.state.ready:
            session = self._new_session()
        with self._changes:
            self._changes.wait_for(lambda: self._is_decided(session.state), timeout=SETUP_TIMEOUT)
            if self._closed:
                raise BlobsAway(kind=KIND, why=said("đã đóng", "closed"))
        if not session.state.ready:
            raise BlobsAway(
                kind=KIND,
                why=session.state.last_error or said("không trả lời trong lúc kết nối", "no answer while connecting"),
            )

    def _is_decided(self, state: SessionState) -> bool:
        return self._closed or state.ready or self._failures >= len(self._rotation)

    def _new_session(self) -> Session:
        """A new one even where an old one waits to try again: the caller needs it now."""
        with self._changes:
            if self._closed:
                raise BlobsAway(kind=KIND, why=said("đã đóng", "closed"))
            old = self._session
            session = self._session = Session(
                self._io,
                self._role,
                settings=self._settings,
                purpose=self._role.name,
                rotation=self._rotation,
                dice=random.random,
                changed=lambda: self._on_change(session),
                log=self._log,
            )
            self._failures = 0
        if old is not None:
            old.stop()
        session.start()
        self._io.call(self._schedule_check, session, self._idle)
        return session

    # -- on the I/O thread

    def _on_change(self, session: Session) -> None:
        with self._changes:
            state = session.state
            if session is self._session and state.last_error is not None and not state.connected:
                self._failures += 1
            self._changes.notify_all()

    def _schedule_check(self, session: Session, seconds: float) -> None:
        self._io.loop.call_later(seconds, self._close_if_idle, session)

    def _close_if_idle(self, session: Session) -> None:
        with self._changes:
            if session is not self._session:
                return
            left = self._idle if self._is_in_use else self._used_at + self._idle - time.monotonic()
            if left <= 0:
                self._session = None
        if left > 0:
            self._schedule_check(session, left)
        else:
            session.stop()
