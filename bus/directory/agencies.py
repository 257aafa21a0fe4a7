"""The directory of agencies: codes old and new, successors, mailboxes, keys; `resolve(code)` finds the mailbox.

Answers as of a date. The texts are read and checked in bus/directory/sources.py; a code is resolved by
bus/directory/resolver.py; the bytes of a key are parsed in bus/directory/keys.py. No clock."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Final, Self

from bus.directory.keys import MailboxKeys
from bus.directory.resolver import Resolved, Resolver
from bus.directory.sources import Book, read
from bus.errors import NoKey, NoMailbox, UnknownAgency
from schemas.agency import Agency, Mailbox
from schemas.docket import Address
from schemas.values import AgencyCode, MailboxCode, matching

RESOLVED: Final = 200_000
"""Answers cached: unlisted sub-units are without number."""
ADDRESSES: Final = 8192
"""Addresses cached: thousands of documents go to the same few agencies."""


class Directory:
    """The directory as of one date. Threads may ask at once.

    Its caches are its own and refer to no directory: a superseded one is freed as soon as nobody holds it. Directories
    of many dates share one book."""

    __slots__ = ("__weakref__", "_resolver", "address", "resolve")

    resolve: Callable[[AgencyCode], Resolved]
    """The mailbox that serves a code on the date: its own, or that of the nearest unit above it. Cached.

    Raises UnknownAgency; AgencyClosed, naming the successor at the end of the chain, unless every closed code on the
    way has `forward`; NoMailbox. A closed unit closes everything below it."""
    address: Callable[[AgencyCode], Address]
    """The code and mailbox to write into a docket. Cached. Raises as `resolve` does."""

    def __init__(self, book: Book, *, on: date) -> None:
        resolver = Resolver(book, on)
        # functools' cache and not cachetools': it is safe for threads without a lock, and takes a tenth of the time.
        resolve = lru_cache(maxsize=RESOLVED)(resolver.resolve)

        def address(code: AgencyCode) -> Address:
            resolved = resolve(code)
            return Address(agency=resolved.code, mailbox=resolved.mailbox)

        self._resolver = resolver
        self.resolve = resolve
        self.address = lru_cache(maxsize=ADDRESSES)(address)

    @classmethod
    def parse(cls, files: Mapping[str, bytes | str], *, on: date) -> Self:
        """From the contents of TOML files by name. Raises BadDirectory with every contradiction, by file and entry."""
        return cls(read(files), on=on)

    def __repr__(self) -> str:
        return f"Directory(on={self.on})"

    @property
    def on(self) -> date:
        return self._resolver.on

    @property
    def book(self) -> Book:
        """The content of the directory, on any date."""
        return self._resolver.book

    def as_of(self, on: date) -> "Directory":
        """The same directory on another date."""
        return self if on == self.on else Directory(self.book, on=on)

    # -- who is who

    def agency(self, code: AgencyCode) -> Agency:
        """The listed agency of a code, new form or old, open or closed. Raises UnknownAgency, also for sub-units that
        are not listed and for agencies not opened yet."""
        agency = self.book.listed.get(code)
        if agency is None or self._resolver.is_future(agency):
            raise UnknownAgency(agency=code)
        return agency

    def name(self, code: AgencyCode) -> str:
        """The name in use on the date; of a sub-unit that is not listed, its code and the name of the unit above it;
        of an unknown code, the code."""
        agency = next(self.book.line(code), None)
        if agency is None:
            return code
        name = self._resolver.name(agency)
        return name if code in self.book.listed else f"{code} ({name})"

    def is_closed(self, code: AgencyCode) -> bool:
        """Whether a code, or a unit above it, is closed on the date. False where unknown."""
        return self._resolver.closing(code) is not None

    def closed_on(self, code: AgencyCode) -> date | None:
        """Since when a code, or a unit above it, is closed. None: open on the date, or unknown."""
        closing = self._resolver.closing(code)
        return None if closing is None else closing.closed

    def successor(self, code: AgencyCode) -> Agency | None:
        """The successor of a closed code on the date, at the end of the chain. None: open, unknown, or no successor."""
        closing = self._resolver.closing(code)
        return None if closing is None else self._resolver.succession(closing)[1]

    @property
    def agencies(self) -> tuple[Agency, ...]:
        """Those opened by the date, closed ones among them, in the order of the files."""
        return tuple(agency for agency in self.book.agencies.values() if not self._resolver.is_future(agency))

    @property
    def mailboxes(self) -> tuple[Mailbox, ...]:
        """All, in the order of the files. The mailbox of a closed agency stays until its entry is taken out: the
        messages in its queue must still be read."""
        return tuple(self.book.mailboxes.values())

    def search(self, text: str) -> tuple[Agency, ...]:
        """Agencies in which every word of the text begins a word of a name, past or present, or a group of a code;
        with or without marks. The very code comes first, then those with the words in that order."""
        haystacks = self.book.haystacks
        if not haystacks:
            haystacks.update({code: _haystack(agency) for code, agency in self.book.agencies.items()})
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
        """Findings that are no contradiction, but should be looked at: siblings of one name, closed codes without
        successor, names with characters that cannot be seen or are not composed."""
        return tuple(self._warn())

    # -- the road

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
            closing = self._resolver.closing(code)
            assert closing is not None
            raise self._resolver.closed(code, closing)
        return resolved.mailbox == mailbox

    def mailbox(self, code: MailboxCode) -> Mailbox:
        """Raises NoMailbox."""
        try:
            return self.book.mailboxes[code]
        except KeyError:
            raise NoMailbox(agency=code) from None

    def keys(self, mailbox: MailboxCode) -> MailboxKeys:
        """Raises NoKey."""
        try:
            return self.book.keys[mailbox]
        except KeyError:
            raise NoKey(mailbox=mailbox) from None

    # -- warnings

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
            above = self.book.parent(agency)
            name_here = (None if above is None else above.code, matching(self._resolver.name(agency)))
            if (first := siblings.setdefault(name_here, agency.code)) != agency.code:
                yield f"{agency.code}: trùng tên với {first} (same name as {first}): {self._resolver.name(agency)}"


def _is_composed(text: str) -> bool:
    return unicodedata.is_normalized("NFC", text)


def _haystack(agency: Agency) -> str:
    names = [text for name in agency.names for text in (name.vi, name.en) if text]
    codes = (agency.code, *agency.aliases)
    groups = [group for code in codes for group in code.split(".")]
    plain = matching(" ".join((*names, *codes, *groups)))
    bare = "".join(letter for letter in unicodedata.normalize("NFD", plain) if not unicodedata.combining(letter))
    return f" {plain} {bare.replace('đ', 'd')}"
