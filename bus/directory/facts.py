"""The facts of a directory, a line each: they are signed, sent, compared and looked up.

A line is `kind TAB code TAB JSON`; all lines in the order of their bytes are the content, whose digest an edition signs
(bus/directory/edition.py). An agency is parsed when it is asked for: 125,000 of them are held as bytes. Whether the
facts agree with one another was judged before they were signed (bus/directory/sources.py). schemas/README.md §9."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Self

from bus.directory.header import MAX_NUMBER
from bus.directory.keys import MailboxKeys
from bus.directory.sources import Book
from bus.errors import BadEdition, Words
from schemas.agency import Agency, Mailbox, Quota
from schemas.strict_json import read_object
from schemas.values import AgencyCode, MailboxCode

AGENCY: Final = "agency"
MAILBOX: Final = "mailbox"
KEYS: Final = "keys"
ISSUER: Final = "issuer"
"""A certificate that may stand between a mailbox's and a root; by its SHA-256."""
REVOKED: Final = "revoked"
"""A revocation list; by the SHA-256 of its issuer's name."""

LARGEST, UNDER_WAY, SIGNATURES, SEALS = "largest", "under_way", "signatures", "seals"
BESIDE: Final = (LARGEST, UNDER_WAY, SIGNATURES, SEALS)
"""What a mailbox says of itself in the line of its keys."""

KINDS: Final = frozenset({AGENCY, MAILBOX, KEYS, ISSUER, REVOKED})
_ALGORITHM: Final = re.compile(r"[a-z0-9][a-z0-9.\-]{0,31}")
PARSED: Final = 20_000
"""Agencies cached as parsed; the few that everybody writes to are among them."""


@dataclass(frozen=True, slots=True)
class Change:
    """The difference between two contents: the names of lines that go, and lines that come or differ."""

    gone: tuple[str, ...]
    put: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Register:
    """Facts by name (`kind TAB code`); the JSON of each as bytes."""

    _facts: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Raises BadEdition for a line that is no fact, of an unknown kind, or not in its order."""
        facts: dict[str, bytes] = {}
        lines = content.split(b"\n")
        if lines.pop():
            raise BadEdition(why=Words("dòng cuối bị cụt", "its last line has no end"))
        before = b""
        for line in lines:
            if line <= before:
                raise BadEdition(why=Words("các dòng không đúng thứ tự", "its lines are not in order"))
            before = line
            name, fact = _parted(line)
            facts[name] = fact
        if len(facts) != len(lines):
            raise BadEdition(why=Words("có dòng ghi hai lần", "one fact is in it twice"))
        return cls(facts)

    @classmethod
    def of(cls, book: Book, *, issuers: Iterable[bytes] = (), revoked: Iterable[tuple[bytes, bytes]] = ()) -> Self:
        """From a book that was judged; issuing certificates, and revocation lists with their issuers' names, in DER."""
        facts = {
            _name(AGENCY, agency.code): agency.model_dump_json(exclude_defaults=True, exclude={"code"}).encode()
            for agency in book.agencies.values()
        }
        for mailbox in book.mailboxes.values():
            said = mailbox.model_dump_json(exclude_defaults=True, exclude={"code", *BESIDE})
            facts[_name(MAILBOX, mailbox.code)] = said.encode()
        for code, keys in book.keys.items():
            facts[_name(KEYS, code)] = _keys_json(keys, book.mailboxes[code])
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
                raise BadEdition(
                    why=Words(
                        f"nó bỏ đi thứ không có: {name[:80]!r}", f"it takes away what is not there: {name[:80]!r}"
                    )
                )
        for line in change.put:
            name, fact = _parted(line)
            facts[name] = fact
        return Register(facts)

    def ders(self, kind: str) -> list[bytes]:
        """Certificates or revocation lists. Raises BadEdition."""
        return [_der(self._facts[_name(kind, code)]) for code in self.codes(kind)]

    def book(self) -> Book:
        """The content that bus/directory/agencies.py answers from. Raises BadEdition where mailboxes or keys are not of
        their shape; an agency that is not shows when it is asked for."""
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
        facts = self._facts
        parsed = lru_cache(maxsize=PARSED)(lambda code: _agency(code, facts[f"{AGENCY}\t{code}"]))
        agencies = _Agencies(self, aliases, parsed)
        return Book(agencies, _Listed(self, aliases, agencies.parsed), mailboxes, served, keys)

    def _mailbox(self, code: MailboxCode) -> Mailbox:
        """With `BESIDE` from the line of its keys: there, older readers ignore names that they do not know; in the
        mailbox's own line they would refuse it, and the edition with it. schemas §9.1"""
        mailbox = _mailbox(code, self._facts[_name(MAILBOX, code)])
        beside = _beside(self._facts.get(_name(KEYS, code), b"{}"))
        return mailbox.model_copy(update=beside) if beside else mailbox


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
        raise BadEdition(why=Words("có dòng không đúng dạng", "a line of it is none")) from exc
    if not tab or kind.decode("ascii") not in KINDS:
        raise BadEdition(why=Words(f"có dòng không đúng dạng: {name[:80]!r}", f"a line of it is none: {name[:80]!r}"))
    return name, fact


def _agency(code: AgencyCode, fact: bytes) -> Agency:
    try:
        return Agency.from_json(b'{"code":"%s",%s' % (code.encode("ascii"), fact[1:]))
    except ValueError as exc:
        raise BadEdition(why=Words(f"đơn vị {code} ghi không đúng dạng", f"agency {code} is not of its shape")) from exc


def _mailbox(code: MailboxCode, fact: bytes) -> Mailbox:
    more = b"," if fact != b"{}" else b""
    try:
        return Mailbox.from_json(b'{"code":"%s"%s%s' % (code.encode("ascii"), more, fact[1:]))
    except ValueError as exc:
        raise BadEdition(
            why=Words(f"hộp thư {code} ghi không đúng dạng", f"mailbox {code} is not of its shape")
        ) from exc


def _keys_json(keys: MailboxKeys, mailbox: Mailbox) -> bytes:
    said: dict[str, object] = {
        name: [base64.b64encode(each).decode("ascii") for each in found]
        for name, found in (("certificates", keys.certificates), ("sealing", keys.sealing), ("signing", keys.signing))
        if found
    }
    said |= mailbox.model_dump(mode="json", exclude_defaults=True, include=set(BESIDE))
    return json.dumps(said, separators=(",", ":")).encode()


def _keys(fact: bytes) -> MailboxKeys:
    signing, certificates, sealing = (
        tuple(map(_base64, _strings(fact, name))) for name in ("signing", "certificates", "sealing")
    )
    return MailboxKeys(signing=signing, certificates=certificates, sealing=sealing)


def _beside(fact: bytes) -> dict[str, object]:
    if not any(b'"%s"' % name.encode() in fact for name in BESIDE):
        return {}
    said = object_of(fact)
    found: dict[str, object] = {
        # Names of tomorrow may be of another form: they are no algorithm that we could choose.
        name: tuple(each for each in _strings(fact, name) if _ALGORITHM.fullmatch(each))
        for name in (SIGNATURES, SEALS)
        if name in said
    }
    if (largest := said.get(LARGEST)) is not None:
        if not isinstance(largest, int) or isinstance(largest, bool) or not 1 <= largest <= MAX_NUMBER:
            raise BadEdition(
                why=Words(
                    "có hộp thư ghi số byte nhận được không phải là số",
                    "a mailbox takes a number of bytes that is none",
                )
            )
        found[LARGEST] = largest
    if UNDER_WAY in said:
        found[UNDER_WAY] = _quota(said[UNDER_WAY])
    return found


def _quota(said: object) -> Quota:
    known = {name: said[name] for name in Quota.model_fields if name in said} if isinstance(said, dict) else said
    try:
        return Quota.model_validate(known)
    except ValueError as exc:
        raise BadEdition(
            why=Words(
                "hạn mức đang trên đường của một hộp thư ghi không đúng dạng",
                "what may be under way to a mailbox is not of its shape",
            )
        ) from exc


def _der_json(der: bytes) -> bytes:
    return json.dumps({"der": [base64.b64encode(der).decode("ascii")]}, separators=(",", ":")).encode()


def _der(fact: bytes) -> bytes:
    found = _strings(fact, "der")
    if len(found) != 1:
        raise BadEdition(
            why=Words(
                "có nơi cấp hoặc danh sách thu hồi thiếu nội dung", "an issuer or a revocation list without its bytes"
            )
        )
    return _base64(found[0])


def object_of(fact: bytes) -> dict[str, object]:
    """Returns the JSON object of a line. Raises BadEdition."""
    try:
        return read_object(fact)
    except ValueError as exc:
        raise BadEdition(
            why=Words(
                "có dòng không phải đối tượng JSON, hoặc lặp một tên",
                "a line of it is no JSON object, or has a name twice",
            )
        ) from exc


def _strings(fact: bytes, name: str) -> list[str]:
    found = object_of(fact).get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise BadEdition(
            why=Words(f"có dòng mà {name} không phải danh sách chữ", f"a line of it has no list of texts as {name}")
        )
    return found


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as exc:
        raise BadEdition(
            why=Words("có khóa hoặc chứng thư không phải base64", "a key or certificate in it is not base64")
        ) from exc
