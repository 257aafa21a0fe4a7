"""What a ledger does while the database is its own: a loop a stream, and the loops that others add. Mailboxes that the
guard isolated have audit streams of their own, which come and go while it works."""

from collections.abc import Callable, Collection, Sequence
from typing import Final

import structlog

from bus.daemon.loops import Loop
from bus.ledger.ingest import Ingest
from bus.topology.names import AUDIT, LEDGER, is_own_audit

log = structlog.get_logger()

PAUSES: Final = (0.2, 5.0)
"""Seconds between tries while a stream cannot be read, or the database cannot be written."""


class LedgerWork:
    """Implements `bus.ledger.process.Work`."""

    def __init__(
        self,
        make_ingest: Callable[[str], Ingest],
        *,
        streams: Callable[[], Collection[str]] | None,
        every: float,
        extras: Sequence[Loop] = (),
    ) -> None:
        """`streams`: names of the queues at the broker, asked every so many seconds; None: nobody can be asked, and
        `audit` alone is read."""
        self._make_ingest = make_ingest
        self._streams = streams
        self._extras = tuple(extras)
        self._reading: dict[str, tuple[Ingest, Loop]] = {}
        self._looking = (Loop("streams", self._look, idle=every, mailbox=LEDGER),) if streams else ()
        self._add(AUDIT)

    @property
    def ingests(self) -> Sequence[Ingest]:
        return tuple(ingest for ingest, _ in list(self._reading.values()))

    @property
    def loops(self) -> Sequence[Loop]:
        return (*(loop for _, loop in list(self._reading.values())), *self._looking, *self._extras)

    def close(self) -> None:
        for ingest, loop in list(self._reading.values()):
            if not loop.is_alive:  # a step under way closes by itself, when it ends
                ingest.close()

    def _look(self) -> bool:
        """Begins to read the streams that came, and ends with those that are gone. A stream of its own stays there when
        its mailbox is released, until an operator deletes it: what lies in it is still read."""
        assert self._streams is not None
        wanted = {name for name in self._streams() if is_own_audit(name)}
        for name in sorted(wanted - self._reading.keys()):
            self._add(name).start()
        for name in sorted(self._reading.keys() - wanted - {AUDIT}):
            _, loop = self._reading.pop(name)
            loop.stop()
            log.info("ledger.stream-gone", stream=name)
        return False

    def _add(self, stream: str) -> Loop:
        ingest = self._make_ingest(stream)
        name = "ingest" if stream == AUDIT else f"ingest {stream}"
        loop = Loop(name, ingest.step, idle=0, mailbox=LEDGER, pauses=PAUSES)
        self._reading[stream] = ingest, loop
        return loop
