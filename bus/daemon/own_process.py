"""The daemon's own process: its threads, its log, its file descriptors. A thread that has ended is said, and begun
again where it is a loop's; nothing of it is known to the log alone."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from bus.daemon.descriptors import REMEDY, Descriptors
from bus.daemon.log_stream import LogState, LogStream
from bus.daemon.loops import Loop
from bus.daemon.mailbox import MailboxDaemon
from bus.daemon.standby import Standby
from bus.errors import BusError
from bus.ports.records import Event
from schemas.codes import Label

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Threads:
    """How many threads there should be, and which of them have ended."""

    expected: int
    ended: tuple[str, ...] = ()

    @property
    def alive(self) -> int:
        return self.expected - len(self.ended)


class OwnProcess:
    """Made by whoever makes the process; told by `running` what runs in it. All methods may be called by any thread."""

    def __init__(
        self, *, threads: Mapping[str, Callable[[], bool]] | None = None, log_stream: LogStream | None = None
    ) -> None:
        """`threads`: whether each of those that are no loop's is alive, by name."""
        self.descriptors: Descriptors | None = None
        self.following: tuple[Loop, ...] = ()
        """The loops that belong to no mailbox."""
        self._daemons: tuple[MailboxDaemon | Standby, ...] = ()
        self._threads = dict(threads or {})
        self._log_stream = log_stream
        self._said: frozenset[str] = frozenset()
        self._log_is_away = False
        self._lost_before = 0
        """Lines lost until the log was last well."""

    def watch(self, daemons: Sequence[MailboxDaemon | Standby], following: Sequence[Loop]) -> None:
        self._daemons, self.following = tuple(daemons), tuple(following)

    def add_thread(self, name: str, is_alive: Callable[[], bool]) -> None:
        self._threads[name] = is_alive

    @property
    def log(self) -> LogState:
        return self._log_stream.state if self._log_stream else LogState()

    def threads(self) -> Threads:
        expected = [loop for loop in self._loops() if loop.is_expected]
        ended = [loop.full_name for loop in expected if not loop.is_alive]
        ended += [name for name, is_alive in self._threads.items() if not is_alive()]
        return Threads(expected=len(expected) + len(self._threads), ended=tuple(sorted(ended)))

    def look(self) -> None:
        """Says each thread that has ended, once, and begins the loops among them again. Tells that the log cannot be
        written, which the log cannot."""
        self._look_at_the_log()
        ended = frozenset(self.threads().ended)
        for name in sorted(ended - self._said):
            log.error("thread.ended", thread=name)
        self._said = ended
        for loop in self._loops():
            if loop.is_expected and not loop.is_alive:
                self._begin_again(loop)

    def _look_at_the_log(self) -> None:
        """An event when it begins, one when it is over, in each mailbox's store."""
        if self._log_stream is not None:
            self._log_stream.try_again()
        state = self.log
        if state.failing_since is not None and not self._log_is_away:
            self._log_is_away = True
            self._tell(Event(at=state.failing_since, name="log.away", detail=state.why or ""), self._daemons)
        elif state.failing_since is None:
            was_away, self._log_is_away = self._log_is_away, False
            lost, self._lost_before = state.lost - self._lost_before, state.lost
            if not was_away:
                return
            detail = f"mất {lost} dòng / {lost} lines are lost"
            self._tell(Event(at=datetime.now(UTC), name="log.back", detail=detail), self._daemons)

    @staticmethod
    def _tell(event: Event, daemons: Sequence[MailboxDaemon | Standby]) -> None:
        for daemon in daemons:
            at_work = daemon if isinstance(daemon, MailboxDaemon) else daemon.daemon
            if at_work is not None:
                with suppress(BusError):  # the store is away, too: /healthz and /metrics have it
                    at_work.tell(event)

    def _begin_again(self, loop: Loop) -> None:
        loop.start()
        if not loop.is_alive:
            return  # the system gives no thread: tried at the next look
        log.warning("thread.begun-again", thread=loop.full_name)
        event = Event(at=datetime.now(UTC), name="thread.ended", detail=f"{loop.name} → bắt đầu lại / begun again")
        self._tell(event, [daemon for daemon in self._daemons if loop in daemon.loops])

    def wrong(self) -> list[Label]:
        """What is wrong now, for people."""
        found = [
            Label(
                f"luồng {name} đã dừng, không ai làm việc của nó", f"thread {name} has ended, and nobody does its work"
            )
            for name in self.threads().ended
        ]
        if self.log.failing_since is not None:
            found.append(
                Label(
                    f"không ghi được nhật ký, đã mất {self.log.lost} dòng: {self.log.why}",
                    f"the log cannot be written, {self.log.lost} lines are lost: {self.log.why}",
                )
            )
        return found

    def warnings(self) -> list[Label]:
        """What stands in nobody's way yet."""
        given = self.descriptors
        if given is None or not given.are_short:
            return []
        vi, _, en = REMEDY.partition(" / ")
        return [
            Label(
                f"chỉ được mở {given.limit} tệp, số hộp thư này có thể cần {given.wanted}: {vi}",
                f"only {given.limit} files may be open, and so many mailboxes may need {given.wanted}: {en}",
            )
        ]

    def _loops(self) -> list[Loop]:
        return [*self.following, *(loop for daemon in self._daemons for loop in daemon.loops)]
