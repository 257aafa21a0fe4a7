"""Resolving codes on one date: which agency a code is, whether it is closed, who succeeds it, which mailbox serves it.

Rules only, without caches: bus/directory/agencies.py caches the answers."""

from dataclasses import dataclass, replace
from datetime import date

from bus.directory.sources import DEPTH, Book
from bus.errors import AgencyClosed, NoMailbox, NoSuccessor, SuccessorNotJoined, UnknownAgency
from schemas.agency import Agency
from schemas.values import AgencyCode, MailboxCode

NOBODY = "(chưa rõ / not known)"
"""The successor of a closed code that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The destination of a code on the directory's date."""

    agency: Agency | None
    """None: a sub-unit that is not listed; the mailbox of the listed unit above it serves it too."""
    code: AgencyCode
    """The agency's own code where listed (never an alias), else the code as it was asked for."""
    mailbox: MailboxCode
    via: tuple[AgencyCode, ...] = ()
    """Codes passed after the one asked for; the mailbox serves the last. Empty: it serves the code itself."""
    forwarded_from: AgencyCode | None = None
    """The closed code that was asked for, where an explicit `forward` led on to its successor."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """A book of agencies as of one date."""

    book: Book
    on: date

    def resolve(self, code: AgencyCode) -> Resolved:
        """Raises UnknownAgency, AgencyClosed, NoMailbox: see `Directory.resolve`."""
        line = list(self.book.line(code))
        if not line:
            raise UnknownAgency(agency=code)
        closing: Agency | None = None
        for agency in line:  # one loop for both dates: every new code passes here
            if agency.opened is not None and agency.opened > self.on:
                raise UnknownAgency(agency=code)
            if closing is None and agency.closed is not None and agency.closed <= self.on:
                closing = agency
        own = self.book.listed.get(code)
        asked = tuple([agency.code for agency in line])
        if own is None:
            asked = (code, *asked)
        if closing is not None:
            return self._forward(code, closing, asked[: asked.index(closing.code) + 1])
        for position, step in enumerate(asked):
            if (mailbox := self.book.served.get(step)) is not None:
                return Resolved(agency=own, code=asked[0], mailbox=mailbox, via=asked[1 : position + 1])
        raise NoMailbox(agency=code)

    def closing(self, code: AgencyCode) -> Agency | None:
        """The closed agency nearest above a code, itself included."""
        line = self.book.line(code)
        return next((agency for agency in line if agency.closed is not None and agency.closed <= self.on), None)

    def succession(self, closing: Agency) -> tuple[list[Agency], Agency | None]:
        """The closed agencies of a chain in order, and the open one at its end; None where it leads nowhere."""
        steps = [closing]
        while (code := steps[-1].successor) is not None:
            after = self.closing(code)
            if after is None:
                return steps, self.book.listed.get(code)
            if after in steps or len(steps) == DEPTH:  # a unit above the successor leads back here
                break
            steps.append(after)
        return steps, None

    def closed(self, code: AgencyCode, closing: Agency) -> AgencyClosed:
        """The error for a code that `closing` closes; it names the successor, and who acts where that cannot be sent
        to."""
        successor, since = self.succession(closing)[1], str(closing.closed)
        if successor is None:
            return NoSuccessor(agency=code, closed=since, successor=NOBODY)
        try:
            self.resolve(successor.code)
        except (NoMailbox, UnknownAgency):
            return SuccessorNotJoined(agency=code, closed=since, successor=successor.code)
        return AgencyClosed(agency=code, closed=since, successor=successor.code)

    def is_future(self, agency: Agency) -> bool:
        return agency.opened is not None and agency.opened > self.on

    def name(self, agency: Agency) -> str:
        """The name in use on the date."""
        used = [name.vi for name in agency.names if name.since is None or name.since <= self.on]
        return used[-1] if used else agency.names[0].vi

    def _forward(self, code: AgencyCode, closing: Agency, passed: tuple[AgencyCode, ...]) -> Resolved:
        steps, successor = self.succession(closing)
        if successor is None or not all(step.forward for step in steps):
            raise self.closed(code, closing)
        try:
            onward = self.resolve(successor.code)
        except (NoMailbox, UnknownAgency):
            raise self.closed(code, closing) from None
        via = (*passed[1:], *(step.code for step in steps[1:]), successor.code, *onward.via)
        return replace(onward, via=via, forwarded_from=passed[0])
