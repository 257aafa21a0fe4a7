"""People who write at a steady pace during a fault, and what they measure: how long nothing came, and in the end which
documents are missing or there twice. They see the folders, and nothing else."""

import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from deploy.people import People
from schemas.codes import BusinessType
from schemas.values import AgencyCode

EVERY = 0.4
"""Seconds from one document to the next, of all senders together; four statuses come back from each recipient."""
BACKLOG = 600
"""Copies and statuses on their way at which people wait before they write more: a machine that is too slow for the pace
would fall ever further behind. A minute's standstill leaves fewer."""
SOON, SOME = 2.0, 6
"""Seconds after an event, and the number of documents written from then on, that show whether traffic flows again."""

NEW = str(int(BusinessType.NEW))

T = TypeVar("T")


class Standstill(NamedTuple):
    """The standstills of one story, in seconds."""

    road: float
    """The longest time in which no document was filed anywhere."""
    mailbox: float
    """The longest time in which no document was filed at the worst recipient."""
    document: float
    """The longest time that one document took, from folder to folder."""


@dataclass(slots=True)
class Traffic:
    people: People
    _next: float = 0.0

    def until(self, fact: Callable[[], T | None], *, within: float, every: float = 0.5) -> T:
        """Writes and reads until `fact` returns something; returns that."""
        deadline, ask = time.monotonic() + within, 0.0
        while True:
            now = time.monotonic()
            if now >= self._next:
                if len(self.people.expected) - len(self.people.seen) < BACKLOG:
                    self.people.write_some(1)
                self._next = max(self._next + EVERY, now)
            self.people.look()
            if now >= ask:
                if found := fact():
                    return found
                assert now < deadline, f"under load it did not come true within {within:.0f} s; {self.words()}"
                ask = now + every
            time.sleep(0.02)

    def pass_(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= end, within=seconds + 60, every=0.1)

    def during(self, act: Callable[[], T]) -> T:
        """Writes and reads on while `act` runs; returns its result."""
        with ThreadPoolExecutor(1) as pool:
            doing = pool.submit(act)
            self.until(doing.done, within=900, every=0.1)
            return doing.result()

    def flows(self, since: float, *, within: float = 300.0) -> None:
        """Returns once some documents written well after `since` are filed everywhere, and all that were written
        before."""

        def clear() -> bool:
            sent, filed = self.people.sent, self.people.filed
            late = [number for number, document in enumerate(sent, 1) if self._dropped(document.id) > since + SOON]
            return len(late) >= SOME and all(
                (document.id, party.code) in filed
                for document in sent[: late[SOME - 1]]
                for party in document.recipients
            )

        self.until(clear, within=within)

    def finish(self, *, within: float = 240.0) -> None:
        """Stops writing, and returns once everything has arrived, each once."""
        deadline = time.monotonic() + within
        while self.people.missing:
            assert time.monotonic() < deadline, f"lost after {within:.0f} s: {self.words()}"
            self.people.look()
            time.sleep(0.1)
        self.people.look()
        assert (self.people.duplicates, self.people.unforeseen) == (0, set())
        assert not [reason for desk in self.people.desks.values() for reason in desk.rejected()]

    def standstill(self, since: float, until: float) -> Standstill:
        filed = [(at, code) for (_, code), at in self.people.filed.items() if since <= at <= until]
        return Standstill(
            road=_longest(since, until, [at for at, _ in filed]),
            mailbox=max(_longest(since, until, [at for at, by in filed if by == code]) for code in self._codes()),
            document=max(
                (
                    at - self._dropped(id_)
                    for (id_, _), at in self.people.filed.items()
                    if since <= self._dropped(id_) <= until or since <= at <= until
                ),
                default=0.0,
            ),
        )

    def filed_after(self, moment: float) -> float | None:
        """Returns the time at which the next document was filed; None if none was."""
        return min((at for at in self.people.filed.values() if at > moment), default=None)

    def words(self) -> str:
        missing = self.people.missing
        return f"{len(missing)} of {len(self.people.expected)} missing: {sorted(missing)[:5]}"

    def _codes(self) -> tuple[AgencyCode, ...]:
        return self.people.country.mailboxes

    def _dropped(self, document: str) -> float:
        return self.people.dropped[document, NEW]


def _longest(since: float, until: float, moments: list[float]) -> float:
    marks = [since, *sorted(moments), until]
    return max(after - before for before, after in itertools.pairwise(marks))
