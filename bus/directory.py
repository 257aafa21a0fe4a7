"""The directory of agencies: codes old and new, successors, mailboxes, keys; `resolve(code)` finds the mailbox.

Answers as of a date. Reading and judging the texts is bus/listing.py's; no clock, and no opinion about what the bytes
of a key mean (bus/keys.py).
"""

import base64
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Self

from bus.errors import AgencyClosed, NoKey, NoMailbox, UnknownAgency
from bus.listing import Book, read
from bus.listing import MailboxKeys as MailboxKeys  # part of what a directory says
from schemas.agency import Agency, Mailbox
from schemas.values import AgencyCode, MailboxCode, matching

NOBODY = "(chưa rõ / not known)"
"""The successor of a closed code that names none."""

_CACHED = 200_000  # answers kept; unlisted sub-units are without number


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Where something addressed to a code goes on the directory's date."""

    agency: Agency | None
    """None: a sub-unit that is not listed; who serves the listed unit above it serves it too."""
    code: AgencyCode
    """The agency's own code where listed (never an alias), else the code as it was asked for."""
    mailbox: MailboxCode
    via: tuple[AgencyCode, ...] = ()
    """Codes passed after the one asked for, the last being the one the mailbox serves. Empty: that one itself."""
    forwarded_from: AgencyCode | None = None
    """The closed code that was asked for, where an explicit `forward` led on to its successor."""


@dataclass(frozen=True, slots=True, eq=False)
class Directory:
    """The directory as of one date. Cheap to hold for many dates: they share what the files say."""

    on: date
    _book: Book = field(repr=False)
    _resolved: dict[AgencyCode, Resolved] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, files: Mapping[str, bytes | str], *, on: date) -> Self:
        """From the contents of TOML files by name. Raises BadDirectory with every contradiction, by file and entry."""
        return cls(on, read(files))

    @classmethod
    def of(cls, book: Book, *, on: date) -> Self:
        return cls(on, book)

    def as_of(self, on: date) -> Self:
        """The same directory on another date."""
        return self if on == self.on else replace(self, on=on, _resolved={})

    # -- who is who

    def agency(self, code: AgencyCode) -> Agency:
        """The listed agency of a code, new form or old, open or closed. Raises UnknownAgency, also for sub-units that
        are not listed and for agencies not opened yet."""
        agency = self._book.listed.get(code)
        if agency is None or self._is_future(agency):
            raise UnknownAgency(agency=code)
        return agency

    def name(self, code: AgencyCode) -> str:
        """The name in use on the date; of a sub-unit that is not listed, its code and the name of the unit above it;
        of an unknown code, the code."""
        agency = next(self._book.line(code), None)
        if agency is None:
            return code
        name = self._name(agency)
        return name if code in self._book.listed else f"{code} ({name})"

    def is_closed(self, code: AgencyCode) -> bool:
        """Whether a code, or a unit above it, is closed on the date. False where unknown."""
        return self._closing(code) is not None

    def closed_on(self, code: AgencyCode) -> date | None:
        """Since when a code, or a unit above it, is closed. None: open on the date, or unknown."""
        closing = self._closing(code)
        return None if closing is None else closing.closed

    def successor(self, code: AgencyCode) -> Agency | None:
        """Who takes over from a closed code on the date, at the end of the chain. None: open, unknown, or nobody."""
        closing = self._closing(code)
        return None if closing is None else self._succession(closing)[1]

    @property
    def agencies(self) -> tuple[Agency, ...]:
        """Those opened by the date, closed ones among them, in the order of the files."""
        return tuple(agency for agency in self._book.agencies.values() if not self._is_future(agency))

    @property
    def mailboxes(self) -> tuple[Mailbox, ...]:
        """All, in the order of the files. The mailbox of a closed agency stays until its entry is taken out: what lies
        in its queue must still be read."""
        return tuple(self._book.mailboxes.values())

    def search(self, text: str) -> tuple[Agency, ...]:
        """Agencies in which every word of the text begins a word of a name, past or present, or a group of a code;
        with or without marks. The very code comes first, then those with the words in that order."""
        haystacks = self._book.haystacks
        if not haystacks:
            haystacks.update({code: _haystack(agency) for code, agency in self._book.agencies.items()})
        words = [f" {word}" for word in matching(text).split()]
        found = [agency for agency in self.agencies if all(word in haystacks[agency.code] for word in words)]
        phrase = "".join(words)
        return tuple(
            sorted(
                found, key=lambda agency: (matching(agency.code) != phrase[1:], phrase not in haystacks[agency.code])
            )
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is no contradiction, but should be looked at: siblings of one name, closed codes without successor,
        names with characters that cannot be seen or are not composed."""
        return tuple(self._warn())

    # -- the road

    def resolve(self, code: AgencyCode) -> Resolved:
        """The mailbox that serves a code on the date: its own, or that of the nearest unit above it.

        Raises UnknownAgency; AgencyClosed, naming the successor at the end of the chain, unless every closed code on
        the way has `forward`; NoMailbox. A closed unit closes everything below it.
        """
        known = self._resolved.get(code)
        if known is None:
            if len(self._resolved) >= _CACHED:
                self._resolved.clear()
            known = self._resolved[code] = self._find(code)
        return known

    def serves(self, mailbox: MailboxCode, code: AgencyCode) -> bool:
        """Whether a mailbox may send for a code on the date; an unknown code is nobody's.

        Raises AgencyClosed for a closed code, even with `forward`: a forwarding rule is for what others still send
        there, the agency itself writes under its new code. To check a message of the past, ask `as_of` its date.
        """
        try:
            resolved = self.resolve(code)
        except (UnknownAgency, NoMailbox):
            return False
        if resolved.forwarded_from is not None:
            closing = self._closing(code)
            assert closing is not None
            raise self._closed(code, closing)
        return resolved.mailbox == mailbox

    def mailbox(self, code: MailboxCode) -> Mailbox:
        """Raises NoMailbox."""
        try:
            return self._book.mailboxes[code]
        except KeyError:
            raise NoMailbox(agency=code) from None

    def keys(self, mailbox: MailboxCode) -> MailboxKeys:
        """Raises NoKey."""
        try:
            return self._book.keys[mailbox]
        except KeyError:
            raise NoKey(mailbox=mailbox) from None

    # -- how

    def _find(self, code: AgencyCode) -> Resolved:
        line = list(self._book.line(code))
        if not line or any(map(self._is_future, line)):
            raise UnknownAgency(agency=code)
        own = self._book.listed.get(code)
        asked = tuple([agency.code for agency in line])
        if own is None:
            asked = (code, *asked)
        if (closing := self._first_closed(line)) is not None:
            return self._forward(code, closing, asked[: asked.index(closing.code) + 1])
        for position, step in enumerate(asked):
            if (mailbox := self._book.served.get(step)) is not None:
                return Resolved(agency=own, code=asked[0], mailbox=mailbox, via=asked[1 : position + 1])
        raise NoMailbox(agency=code)

    def _forward(self, code: AgencyCode, closing: Agency, passed: tuple[AgencyCode, ...]) -> Resolved:
        steps, successor = self._succession(closing)
        if successor is None or not all(step.forward for step in steps):
            raise self._closed(code, closing)
        onward = self._find(successor.code)
        via = (*passed[1:], *(step.code for step in steps[1:]), successor.code, *onward.via)
        return replace(onward, via=via, forwarded_from=passed[0])

    def _closed(self, code: AgencyCode, closing: Agency) -> AgencyClosed:
        successor = self._succession(closing)[1]
        named = NOBODY if successor is None else successor.code
        return AgencyClosed(agency=code, closed=str(closing.closed), successor=named)

    def _closing(self, code: AgencyCode) -> Agency | None:
        """The closed agency nearest above a code, itself included."""
        return self._first_closed(self._book.line(code))

    def _first_closed(self, line: Iterable[Agency]) -> Agency | None:
        return next((agency for agency in line if agency.closed is not None and agency.closed <= self.on), None)

    def _succession(self, closing: Agency) -> tuple[list[Agency], Agency | None]:
        """The closed agencies of a chain in order, and the open one at its end."""
        steps = [closing]
        while (code := steps[-1].successor) is not None:
            after = self._closing(code)
            if after is None:
                return steps, self._book.listed[code]
            if after in steps:  # a unit above the successor leads back here
                break
            steps.append(after)
        return steps, None

    def _is_future(self, agency: Agency) -> bool:
        return agency.opened is not None and agency.opened > self.on

    def _name(self, agency: Agency) -> str:
        used = [name.vi for name in agency.names if name.since is None or name.since <= self.on]
        return used[-1] if used else agency.names[0].vi

    def _warn(self) -> Iterator[str]:
        siblings: dict[tuple[AgencyCode | None, str], AgencyCode] = {}
        for agency in self.agencies:
            for name in agency.names:
                if any(unicodedata.category(letter) == "Cf" for letter in name.vi) or not _is_composed(name.vi):
                    yield f"{agency.code}: tên có ký tự lạ (odd characters in the name) {name.vi!a}"
            if agency.closed is not None and agency.successor is None:
                yield f"{agency.code}: mã đã đóng, chưa ghi đơn vị kế thừa (closed, no successor)"
            if self.is_closed(agency.code):
                continue
            above = self._book.parent(agency)
            name_here = (None if above is None else above.code, matching(self._name(agency)))
            if (first := siblings.setdefault(name_here, agency.code)) != agency.code:
                yield f"{agency.code}: trùng tên với {first} (same name as {first}): {self._name(agency)}"


def _is_composed(text: str) -> bool:
    return unicodedata.is_normalized("NFC", text)


def _haystack(agency: Agency) -> str:
    names = [text for name in agency.names for text in (name.vi, name.en) if text]
    codes = (agency.code, *agency.aliases)
    groups = [group for code in codes for group in code.split(".")]
    plain = matching(" ".join((*names, *codes, *groups)))
    bare = "".join(letter for letter in unicodedata.normalize("NFD", plain) if not unicodedata.combining(letter))
    return f" {plain} {bare.replace('đ', 'd')}"


def render_keys(
    mailbox: MailboxCode, *, sealing: Sequence[bytes], signing: Sequence[bytes] = (), certificates: Sequence[bytes] = ()
) -> str:
    """The `[[keys]]` entry of a mailbox, to be put into a file of the directory."""
    lines = ["[[keys]]", f'mailbox = "{mailbox}"']
    for name, keys in (("signing", signing), ("certificates", certificates), ("sealing", sealing)):
        if not keys:
            continue
        lines += [f"{name} = [", *(f'  "{base64.b64encode(key).decode("ascii")}",' for key in keys), "]"]
    return "\n".join(lines) + "\n"
