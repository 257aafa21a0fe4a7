"""A connection that is opened when it is needed, and closed when nobody has used it for a while: for large attachments,
of which there may be none for days. What it is used for lives with its roles (upload, download).
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Protocol

import structlog

from bus.errors import BlobsAway
from bus.rabbit.address import Turn
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link import LinkSettings
from bus.rabbit.session import Role, Session, Standing

KIND = "stream"
CLOSE_SECONDS = 1.8


class LineRole(Role, Protocol):
    """A role whose session comes and goes."""

    session: Session


class Line:
    """`used` is for one worker thread at a time, `close` for any; the rest runs on the I/O thread."""

    def __init__(
        self,
        io: IoThread,
        role: LineRole,
        *,
        settings: LinkSettings,
        idle: float,
        dice: Callable[[], float] = random.random,
    ) -> None:
        """`idle`: seconds without use after which it is closed."""
        self._io = io
        self._role = role
        self._settings = settings
        self._idle = idle
        self._dice = dice
        self._nodes = settings.nodes()
        self._turn = Turn(self._nodes, dice=dice)
        self._log = structlog.get_logger().bind(mailbox=settings.mailbox, role=role.name)
        self._changes = threading.Condition()
        self._session: Session | None = None
        self._failures = 0
        self._is_used = False
        self._used_at = 0.0
        self._closed = False

    @contextmanager
    def used(self) -> Iterator[None]:
        """Open within the block, or it was when the block began. Every node is tried once. Raises BlobsAway."""
        with self._changes:
            self._is_used = True
        try:
            self._open()
            yield
        finally:
            with self._changes:
                self._is_used, self._used_at = False, time.monotonic()

    def close(self) -> None:
        with self._changes:
            self._closed = True
            session, self._session = self._session, None
            self._changes.notify_all()
        if session is not None:
            session.stop()
            session.closed.wait(CLOSE_SECONDS)

    @property
    def is_open(self) -> bool:
        session = self._session
        return session is not None and session.standing.ready

    def _open(self) -> None:
        session = self._session
        if session is None or not session.standing.ready:
            session = self._renewed()
        with self._changes:
            self._changes.wait_for(lambda: self._is_decided(session.standing), timeout=self._settings.setup_timeout)
            if self._closed:
                raise BlobsAway(kind=KIND, why="closed")
        if not session.standing.ready:
            raise BlobsAway(kind=KIND, why=session.standing.last_error or "no answer while connecting")

    def _is_decided(self, standing: Standing) -> bool:
        return self._closed or standing.ready or self._failures >= len(self._nodes)

    def _renewed(self) -> Session:
        """A new one, so that whoever needs it now does not wait for the next attempt of the old one."""
        with self._changes:
            if self._closed:
                raise BlobsAway(kind=KIND, why="closed")
            old = self._session
            session = self._session = self._role.session = Session(
                self._io,
                self._role,
                turn=self._turn,
                parameters=partial(self._settings.parameters, role=self._role.name),
                retry=self._settings.retry,
                refused_retry=self._settings.refused_retry,
                setup_timeout=self._settings.setup_timeout,
                dice=self._dice,
                changed=lambda: self._on_change(session),
                log=self._log,
            )
            self._failures = 0
        if old is not None:
            old.stop()
        session.start()
        self._io.call(self._look_in, session, self._idle)
        return session

    # -- on the I/O thread

    def _on_change(self, session: Session) -> None:
        with self._changes:
            standing = session.standing
            if session is self._session and standing.last_error is not None and not standing.connected:
                self._failures += 1
            self._changes.notify_all()

    def _look_in(self, session: Session, seconds: float) -> None:
        self._io.loop.call_later(seconds, self._look, session)

    def _look(self, session: Session) -> None:
        with self._changes:
            if session is not self._session:
                return
            left = self._idle if self._is_used else self._used_at + self._idle - time.monotonic()
            if left <= 0:
                self._session = None
        if left > 0:
            self._look_in(session, left)
        else:
            session.stop()
