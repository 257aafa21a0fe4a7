"""What waits in the document system and does not go on by itself: asked of the adapter twice a minute, said once in the
log and as an event when it begins and when it ends, shown at /healthz and in /metrics."""

from collections.abc import Sequence
from typing import Final

import structlog

from bus.daemon.dependencies import Dependencies
from bus.ports.adapter import Adapter, Trouble
from bus.ports.records import Event

log = structlog.get_logger()

EVERY: Final = 30.0
"""Seconds between two looks."""
SAID: Final = 50
"""Troubles that are said one by one, at most: a folder full of the wrong files is one trouble, not ten thousand."""


class TroubleWatch:
    """One a mailbox; `step` is called every `EVERY` seconds."""

    def __init__(self, given: Dependencies, *, adapter: Adapter) -> None:
        """`adapter` is the given one, behind its lock where it needs one."""
        self._given = given
        self._adapter = adapter
        self._said: dict[str, str] = {}
        """By ref, the code of each trouble that was said and lasts."""
        self._said_more = False
        self._unkept: list[Event] = []
        """Events that the store has not taken yet: its disk may be full."""
        self.found: Sequence[Trouble] = ()
        """At the last look."""

    def step(self) -> bool:
        """Raises what the adapter raises; what was found before is then still shown."""
        self.found = tuple(self._adapter.troubles(self._given.clock()))
        now = {trouble.ref: trouble for trouble in self.found}
        self._unkept += [self._ended(ref) for ref in list(self._said) if ref not in now]
        for trouble in self.found:
            if self._said.get(trouble.ref) == trouble.error.code:
                continue
            if trouble.ref in self._said or len(self._said) < SAID:
                self._unkept.append(self._began(trouble))
        more = len(self.found) - len(self._said)
        if more > 0 and not self._said_more:
            self._unkept.append(self._more(more))
        self._said_more = more > 0
        if self._unkept:
            with self._given.store.write() as tx:
                tx.dossiers.put_events(self._unkept)
            self._unkept = []
        return False

    def _began(self, trouble: Trouble) -> Event:
        vi, en = trouble.error.in_vietnamese(), trouble.error.in_english()
        self._said[trouble.ref] = trouble.error.code
        log.warning(
            "dms.waiting", mailbox=self._given.mailbox, ref=trouble.ref, since=trouble.since, error=en, error_vi=vi
        )
        return Event(at=self._given.clock(), name="dms.waiting", detail=f"{vi} / {en}")

    def _ended(self, ref: str) -> Event:
        del self._said[ref]
        log.info("dms.went-on", mailbox=self._given.mailbox, ref=ref)
        return Event(at=self._given.clock(), name="dms.went-on", detail=f"{ref}: không còn chờ / waits no more")

    def _more(self, count: int) -> Event:
        log.warning("dms.waiting", mailbox=self._given.mailbox, more=count)
        detail = f"Và {count} tệp khác nữa: lienthong adapter check nói tên. / And {count} more: it names them."
        return Event(at=self._given.clock(), name="dms.waiting", detail=detail)
