"""The content of a directory as lines, one fact each: what is signed, sent, compared and looked up.

A line is `kind TAB code TAB JSON`; all lines in the order of their bytes are the content, whose digest an edition signs
(bus/edition.py). An agency is parsed when it is asked for: 125,000 of them are held as bytes. Whether the facts agree
with one another was judged before they were signed (bus/listing.py). schemas/README.md §9.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from pydantic import ValidationError

from bus.errors import BadEdition
from bus.listing import Book, MailboxKeys
from schemas.agency import Agency, Mailbox
from schemas.values import AgencyCode, MailboxCode

AGENCY: Final = "agency"
MAILBOX: Final = "mailbox"
KEYS: Final = "keys"
ISSUER: Final = "issuer"
"""A certificate that may stand between a mailbox's and a root; by its SHA-256."""
REVOKED: Final = "revoked"
"""A revocation list; by the SHA-256 of its issuer's name."""

KINDS: Final = frozenset({AGENCY, MAILBOX, KEYS, ISSUER, REVOKED})
_PARSED = 20_000  # agencies kept parsed; the few that everybody writes to are among them


@dataclass(frozen=True, slots=True)
class Change:
    """What makes one content another: lines that go, by their names, and lines that come or differ."""

    gone: tuple[str, ...]
    put: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Register:
    """Facts by name (`kind TAB code`); the JSON of each as bytes."""

    _facts: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Raises BadEdition for lines that are none, of a kind unknown here, or not in their order."""
        facts: dict[str, bytes] = {}
        lines = content.split(b"\n")
        if lines.pop():
            raise BadEdition(why="its last line has no end")
        before = b""
        for line in lines:
            if line <= before:
                raise BadEdition(why="its lines are not in order")
            before = line
            name, fact = _parted(line)
            facts[name] = fact
        if len(facts) != len(lines):
            raise BadEdition(why="one fact is in it twice")
        return cls(facts)

    @classmethod
    def of(cls, book: Book, *, issuers: Iterable[bytes] = (), revoked: Iterable[tuple[bytes, bytes]] = ()) -> Self:
        """From a book that was judged; issuing certificates, and revocation lists with their issuers' names, in DER."""
        facts = {
            _name(AGENCY, agency.code): agency.model_dump_json(exclude_defaults=True, exclude={"code"}).encode()
            for agency in book.agencies.values()
        }
        for mailbox in book.mailboxes.values():
            said = mailbox.model_dump_json(exclude_defaults=True, exclude={"code", "largest"})
            facts[_name(MAILBOX, mailbox.code)] = said.encode()
        for code, keys in book.keys.items():
            facts[_name(KEYS, code)] = _keys_json(keys, book.mailboxes[code].largest)
        for der in issuers:
            facts[_name(ISSUER, hashlib.sha256(der).hexdigest())] = _der_json(der)
        for issuer, der in revoked:
            facts[_name(REVOKED, hashlib.sha256(issuer).hexdigest())] = _der_json(der)
        return cls(facts)

    def __len__(self) -> int:
        return len(self._facts)

    def content(self) -> bytes:
        return b"".join(sorted(map(_line, self._facts.items())))

    def fact(self, kind: str, code: str) -> bytes | None:
        return self._facts.get(_name(kind, code))

    def codes(self, kind: str) -> Iterator[str]:
        start = f"{kind}\t"
        return (name[len(start) :] for name in self._facts if name.startswith(start))

    def change_to(self, after: "Register") -> Change:
        gone = tuple(sorted(name for name in self._facts if name not in after._facts))
        put = sorted(_line(item) for item in after._facts.items() if self._facts.get(item[0]) != item[1])
        return Change(gone, tuple(put))

    def changed(self, change: Change) -> "Register":
        """Raises BadEdition for a change of what is not here."""
        facts = dict(self._facts)
        for name in change.gone:
            if facts.pop(name, None) is None:
                raise BadEdition(why=f"it takes away what is not there: {name[:80]!r}")
        for line in change.put:
            name, fact = _parted(line)
            facts[name] = fact
        return Register(facts)

    def ders(self, kind: str) -> list[bytes]:
        """Certificates or revocation lists. Raises BadEdition."""
        return [_der(self._facts[_name(kind, code)]) for code in self.codes(kind)]

    def book(self) -> Book:
        """What bus/directory.py answers from. Raises BadEdition where mailboxes or keys are not of their shape; an
        agency that is not shows when it is asked for."""
        aliases: dict[AgencyCode, AgencyCode] = {}
        for name, fact in self._facts.items():
            if b'"aliases"' in fact and name.startswith(AGENCY):
                code = name.partition("\t")[2]
                aliases.update(dict.fromkeys(_strings(fact, "aliases"), code))
        mailboxes = {code: self._mailbox(code) for code in self.codes(MAILBOX)}
        served: dict[AgencyCode, MailboxCode] = {}
        for code, mailbox in mailboxes.items():
            served.update(dict.fromkeys((aliases.get(each, each) for each in (code, *mailbox.serves)), code))
        keys = {code: _keys(self._facts[_name(KEYS, code)]) for code in self.codes(KEYS)}
        agencies = _Agencies(self, aliases, self._parser())
        return Book(agencies, _Listed(self, aliases, agencies.parsed), mailboxes, served, keys)

    def _mailbox(self, code: MailboxCode) -> Mailbox:
        """What it takes apart stands beside its keys, where readers of before pass over names that they do not know;
        in its own line they refuse them, and the edition with them. schemas §9.1"""
        mailbox = _mailbox(code, self._facts[_name(MAILBOX, code)])
        largest = _largest(self._facts.get(_name(KEYS, code), b"{}"))
        return mailbox if largest is None else mailbox.model_copy(update={"largest": largest})

    def _parser(self) -> Callable[[AgencyCode], Agency]:
        parsed: dict[AgencyCode, Agency] = {}
        facts = self._facts

        def agency(code: AgencyCode) -> Agency:
            found = parsed.get(code)
            if found is None:
                fact = facts[f"{AGENCY}\t{code}"]
                if len(parsed) >= _PARSED:
                    parsed.clear()
                found = parsed[code] = _agency(code, fact)
            return found

        return agency


class _Agencies(Mapping[AgencyCode, Agency]):
    """By code."""

    def __init__(
        self,
        register: Register,
        aliases: Mapping[AgencyCode, AgencyCode],
        parsed: Callable[[AgencyCode], Agency],
    ) -> None:
        self._register = register
        self._aliases = aliases
        self.parsed = parsed

    def __getitem__(self, code: AgencyCode) -> Agency:
        return self.parsed(code)

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and self._register.fact(AGENCY, code) is not None

    def __iter__(self) -> Iterator[AgencyCode]:
        return self._register.codes(AGENCY)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Listed(_Agencies):
    """By code and by alias."""

    def __getitem__(self, code: AgencyCode) -> Agency:
        return self.parsed(self._aliases.get(code, code))

    def __contains__(self, code: object) -> bool:
        return code in self._aliases or super().__contains__(code)

    def __iter__(self) -> Iterator[AgencyCode]:
        yield from super().__iter__()
        yield from self._aliases


# -- one line ----------------------------------------------------------------------------------------------------------


def _name(kind: str, code: str) -> str:
    return f"{kind}\t{code}"


def _line(item: tuple[str, bytes]) -> bytes:
    return b"%s\t%s\n" % (item[0].encode(), item[1])


def _parted(line: bytes) -> tuple[str, bytes]:
    kind, _, rest = line.rstrip(b"\n").partition(b"\t")
    code, tab, fact = rest.partition(b"\t")
    try:
        name = f"{kind.decode('ascii')}\t{code.decode('ascii')}"
    except UnicodeDecodeError as exc:
        raise BadEdition(why="a line of it is none") from exc
    if not tab or kind.decode("ascii") not in KINDS:
        raise BadEdition(why=f"a line of it is none: {name[:80]!r}")
    return name, fact


def _agency(code: AgencyCode, fact: bytes) -> Agency:
    try:
        return Agency.model_validate_json(b'{"code":"%s",%s' % (code.encode("ascii"), fact[1:]))
    except ValidationError as exc:
        raise BadEdition(why=f"agency {code} is not of its shape") from exc


def _mailbox(code: MailboxCode, fact: bytes) -> Mailbox:
    more = b"," if fact != b"{}" else b""
    try:
        return Mailbox.model_validate_json(b'{"code":"%s"%s%s' % (code.encode("ascii"), more, fact[1:]))
    except ValidationError as exc:
        raise BadEdition(why=f"mailbox {code} is not of its shape") from exc


def _keys_json(keys: MailboxKeys, largest: int | None) -> bytes:
    said: dict[str, object] = {
        name: [base64.b64encode(each).decode("ascii") for each in found]
        for name, found in (("certificates", keys.certificates), ("sealing", keys.sealing), ("signing", keys.signing))
        if found
    }
    if largest is not None:
        said["largest"] = largest
    return json.dumps(said, separators=(",", ":")).encode()


def _keys(fact: bytes) -> MailboxKeys:
    signing, certificates, sealing = (
        tuple(map(_base64, _strings(fact, name))) for name in ("signing", "certificates", "sealing")
    )
    return MailboxKeys(signing=signing, certificates=certificates, sealing=sealing)


def _largest(fact: bytes) -> int | None:
    if b'"largest"' not in fact:
        return None
    found = _object(fact).get("largest")
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise BadEdition(why="a mailbox takes a number of bytes that is none")
    return found


def _der_json(der: bytes) -> bytes:
    return json.dumps({"der": [base64.b64encode(der).decode("ascii")]}, separators=(",", ":")).encode()


def _der(fact: bytes) -> bytes:
    found = _strings(fact, "der")
    if len(found) != 1:
        raise BadEdition(why="an issuer or a revocation list without its bytes")
    return _base64(found[0])


def _object(fact: bytes) -> dict[str, object]:
    try:
        found = json.loads(fact)
    except (ValueError, RecursionError) as exc:
        raise BadEdition(why="a line of it is no JSON object") from exc
    if not isinstance(found, dict):
        raise BadEdition(why="a line of it is no JSON object")
    return found


def _strings(fact: bytes, name: str) -> list[str]:
    found = _object(fact).get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise BadEdition(why=f"a line of it has no list of texts as {name}")
    return found


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as exc:
        raise BadEdition(why="a key or certificate in it is not base64") from exc
