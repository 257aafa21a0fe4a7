"""The sources of the directory: TOML texts, read and checked.

TOML in, a `Book` out, or BadDirectory with every contradiction at once, by file and entry. No date: a book holds for
all of them (bus/directory/agencies.py answers as of one). The form of the files is explained at the top of
deploy/directory/*.toml.
"""

import base64
import binascii
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import TypeVar

from pydantic import ValidationError

from bus.directory.algorithms import Allowed
from bus.directory.keys import MailboxKeys
from bus.errors import BadDirectory, quoted, said
from schemas.agency import Agency, Mailbox
from schemas.values import AgencyCode, MailboxCode

COLUMNS = ("code", "aliases", "vi", "en", "parent", "opened", "closed", "successor", "forward", "basis")
"""Columns of `units`, in any order; the first line names those that are there, `|` stands between them."""

DEPTH = 32
"""Agencies one above the other, or succeeding each other, at most. Laws know five levels."""

_LEVEL_1 = re.compile(r"[A-Z][0-9]{2}")
_OLD_WIDTHS = (3, 2, 2)  # V1V2V3.Z1Z2.Y1Y2 before MX1X2 (QCVN 102:2016)
_SHOWN = 20  # findings in one BadDirectory

_M = TypeVar("_M", Agency, Mailbox)


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """The content of the sources, on any date."""

    agencies: Mapping[AgencyCode, Agency]
    listed: Mapping[AgencyCode, Agency]
    """By code and by alias."""
    mailboxes: Mapping[MailboxCode, Mailbox]
    served: Mapping[AgencyCode, MailboxCode]
    keys: Mapping[MailboxCode, MailboxKeys]
    haystacks: dict[AgencyCode, str] = field(default_factory=dict)
    """For `search`: made when first wanted."""
    allows: Allowed = field(default_factory=Allowed)
    """The algorithms that messages may use; by the charter of a signed directory."""

    def line(self, code: AgencyCode) -> Iterator[Agency]:
        """The listed agencies from a code upwards, itself first; `parent` goes before what the code's form says. It
        ends after `DEPTH`, also where parents go round in a circle."""
        agency = self.listed.get(code)
        if agency is None:
            agency = next(filter(None, map(self.listed.get, ancestors(code))), None)
        left = DEPTH
        while agency is not None and left:
            yield agency
            agency = self.parent(agency)
            left -= 1

    def parent(self, agency: Agency) -> Agency | None:
        """None, too, for a parent that is not listed: a signed directory was not checked as sources are."""
        if agency.parent is not None:
            return self.listed.get(agency.parent)
        for code in ancestors(agency.code):
            above = self.listed.get(code)
            if above is not None and above is not agency:
                return above
        return None


def ancestors(code: AgencyCode) -> Iterator[AgencyCode]:
    """The codes above a code, nearest first, by its form alone.

    `H29.12.3` → `H29.12`, `H29`; `000.01.02.H53` → `000.00.02.H53`, `000.00.00.H53`, `H53`;
    `28.22.H17` → `000.28.22.H17`, `000.00.22.H17`, `000.00.00.H17`, `H17`.
    """
    groups = code.split(".")
    if len(groups) == 1:
        return
    if _LEVEL_1.fullmatch(groups[0]) or not _LEVEL_1.fullmatch(groups[-1]):
        yield from (".".join(groups[:length]) for length in range(len(groups) - 1, 0, -1))
        return
    *lower, level_1 = groups
    padded = _old_form(lower)
    if padded is None:
        yield from (".".join(groups[start:]) for start in range(1, len(groups)))
        return
    if padded != lower:
        yield ".".join((*padded, level_1))
    for position, width in enumerate(_OLD_WIDTHS):
        if int(padded[position]):
            padded[position] = "0" * width
            yield ".".join((*padded, level_1))
    yield level_1


def _old_form(lower: Sequence[str]) -> list[str] | None:
    """The three groups before level 1 in full, or None where they are not of the old form."""
    missing = len(_OLD_WIDTHS) - len(lower)
    groups = ["0"] * missing + list(lower)
    fits = missing >= 0 and all(
        re.fullmatch(rf"[0-9]{{1,{width}}}", group) for group, width in zip(groups, _OLD_WIDTHS, strict=True)
    )
    return [group.zfill(width) for group, width in zip(groups, _OLD_WIDTHS, strict=True)] if fits else None


def read(files: Mapping[str, bytes | str]) -> Book:
    """From the contents of TOML files by name. Raises BadDirectory."""
    reading = _Reading()
    for file, content in files.items():
        reading.take(file, content)
    reading.check()
    if reading.findings:
        more = len(reading.findings) - _SHOWN
        tail = [f"… (+{more})"] if more > 0 else []
        raise BadDirectory(why="; ".join([*reading.findings[:_SHOWN], *tail]))
    return reading.book


def key_entries(content: bytes, *, mailbox: MailboxCode) -> MailboxKeys | None:
    """One mailbox's keys in a file of its own. Raises BadDirectory."""
    try:
        entries = tomllib.loads(content.decode("utf-8-sig")).get("keys", [])
        found = [_mailbox_keys(entry) for entry in entries if entry.get("mailbox") == mailbox]
    except (ValueError, AttributeError, TypeError) as error:
        raise BadDirectory(
            why=said("khóa của {mailbox}: {why}", "keys of {mailbox}: {why}", mailbox=mailbox, why=quoted(str(error)))
        ) from error
    return found[0] if found else None


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


class _Reading:
    """One reading of all files: the book as far as it is right, and the findings."""

    def __init__(self) -> None:
        self._agencies: dict[AgencyCode, Agency] = {}
        self._listed: dict[AgencyCode, Agency] = {}
        self._boxes: dict[MailboxCode, Mailbox] = {}
        self._served: dict[AgencyCode, MailboxCode] = {}
        self._known: dict[MailboxCode, MailboxKeys] = {}
        self.book = Book(self._agencies, self._listed, self._boxes, self._served, self._known)
        self.findings: list[str] = []
        self._file_of: dict[AgencyCode, str] = {}
        self._mailboxes: list[tuple[str, Mailbox]] = []
        self._keys: list[tuple[str, Mapping[str, object]]] = []

    def _find(self, file: str, entry: object, vi: str, en: str) -> None:
        self.findings.append(f"{file}, {entry}: {vi} ({en})")

    def take(self, file: str, content: bytes | str) -> None:
        """Enters a file's agencies; keeps its mailboxes and keys until all agencies are known."""
        try:
            tables = tomllib.loads(content if isinstance(content, str) else content.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:  # TOMLDecodeError, and what numbers and depths without end cause
            self._find(file, "TOML", "không đọc được", str(error))
            return
        for table, content_ in tables.items():
            match table, content_:
                case "units", str():
                    self._units(file, content_)
                case "agency" | "mailbox" | "keys", [*entries] if all(isinstance(entry, dict) for entry in entries):
                    self._entries(file, table, entries)
                case _:
                    self._find(
                        file, table, "không biết bảng này", "not one of [[agency]], [[mailbox]], [[keys]], units"
                    )

    def _entries(self, file: str, table: str, entries: Sequence[Mapping[str, object]]) -> None:
        for number, entry in enumerate(entries, 1):
            if table == "agency":
                self._agency(file, f"agency {number}", entry)
            elif table == "keys":
                self._keys.append((file, entry))
            elif (mailbox := self._model(Mailbox, file, f"mailbox {number}", entry)) is not None:
                self._mailboxes.append((file, mailbox))

    def _units(self, file: str, text: str) -> None:
        lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and line.strip()[0] != "#"]
        columns = [cell.strip() for cell in lines[0][1].split("|")] if lines else []
        if unknown := set(columns).difference(COLUMNS):
            self._find(file, "units", f"không biết cột {sorted(unknown)}", f"columns are {', '.join(COLUMNS)}")
            return
        for number, line in lines[1:]:
            cells = [cell.strip() for cell in line.split("|")]
            if len(cells) > len(columns):
                self._find(file, f"units {number}", "thừa ô", f"{len(cells)} cells for {len(columns)} columns")
                continue
            try:
                raw = _unit({column: cell for column, cell in zip(columns, cells, strict=False) if cell})
            except ValueError as error:
                self._find(file, f"units {number}", "sai dạng", str(error))
                continue
            self._agency(file, f"units {number}", raw)

    def _model(self, model: type[_M], file: str, entry: str, raw: Mapping[str, object]) -> _M | None:
        """From TOML, where a list stands for a tuple."""
        try:
            return model.model_validate({k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()})
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            self._find(file, raw.get("code", entry), f"sai ở {place}", f"{place}: {first['msg']}")
            return None

    def _agency(self, file: str, entry: str, raw: Mapping[str, object]) -> None:
        agency = self._model(Agency, file, entry, raw)
        if agency is None:
            return
        codes = (agency.code, *agency.aliases)
        if twice := [code for code in codes if code in self.book.listed]:
            first = self.book.listed[twice[0]].code
            where = f"{first}, {self._file_of[first]}"
            self._find(file, agency.code, f"mã {twice[0]} đã có ở {where}", f"code {twice[0]} is also at {where}")
            return
        self._agencies[agency.code] = agency
        self._file_of[agency.code] = file
        for code in codes:
            self._listed[code] = agency

    def check(self) -> None:
        """Checks that need all files: the links between agencies, mailboxes, keys."""
        for agency in self.book.agencies.values():
            if (wrong := _links(self.book, agency) or _dates(self.book, agency)) is not None:
                self._find(self._file_of[agency.code], agency.code, *wrong)
        if not self.findings:  # only where every link leads somewhere can lines be walked
            for agency in self.book.agencies.values():
                if (wrong := _circles(self.book, agency)) is not None:
                    self._find(self._file_of[agency.code], agency.code, *wrong)
        for file, mailbox in self._mailboxes:
            self._mailbox(file, mailbox)
        for file, entry in self._keys:
            self._mailbox_keys(file, entry)

    def _mailbox(self, file: str, mailbox: Mailbox) -> None:
        if mailbox.code in self.book.mailboxes:
            self._find(file, mailbox.code, "hộp thư ghi hai lần", "mailbox listed twice")
            return
        if mailbox.code not in self.book.agencies:
            self._find(
                file, mailbox.code, "hộp thư của đơn vị không có", "mailbox of an unknown agency, or of an alias"
            )
            return
        self._boxes[mailbox.code] = mailbox
        for code in (mailbox.code, *mailbox.serves):
            agency = self.book.listed.get(code)
            if agency is None:
                self._find(file, mailbox.code, f"phục vụ đơn vị {code} không có", f"serves unknown agency {code}")
                continue
            first = self._served.setdefault(agency.code, mailbox.code)
            if first != mailbox.code:
                self._find(file, mailbox.code, f"{code} đã thuộc hộp thư {first}", f"{code} is served by {first} too")

    def _mailbox_keys(self, file: str, entry: Mapping[str, object]) -> None:
        mailbox = str(entry.get("mailbox"))
        if mailbox not in self.book.mailboxes:
            self._find(file, f"keys {mailbox}", "không có hộp thư này", "no such mailbox")
        elif mailbox in self.book.keys:
            self._find(file, f"keys {mailbox}", "khóa ghi hai lần", "keys listed twice")
        elif unknown := set(entry).difference(("mailbox", "signing", "certificates", "sealing")):
            only = "only mailbox, signing, certificates, sealing"
            self._find(file, f"keys {mailbox}", f"không biết {sorted(unknown)}", only)
        else:
            try:
                keys = _mailbox_keys(entry)
            except ValueError as error:
                self._find(file, f"keys {mailbox}", "khóa sai dạng", str(error))
            else:
                self._known[mailbox] = keys


def _unit(cells: dict[str, str]) -> dict[str, object]:
    """A line of `units` in the shape of an `[[agency]]`. Raises ValueError for a bad date or word."""
    raw: dict[str, object] = dict(cells)
    raw["names"] = [{name: raw.pop(name) for name in ("vi", "en") if name in cells}]
    if "aliases" in cells:
        raw["aliases"] = cells["aliases"].split()
    for name in ("opened", "closed"):
        if name in cells:
            raw[name] = date.fromisoformat(cells[name])
    if "forward" in cells:
        raw["forward"] = {"true": True, "false": False}.get(cells["forward"], cells["forward"])
    return raw


def _mailbox_keys(entry: Mapping[str, object]) -> MailboxKeys:
    if "signing" not in entry and "certificates" not in entry:
        raise ValueError("neither signing nor certificates")
    return MailboxKeys(
        signing=_key_bytes(entry["signing"]) if "signing" in entry else (),
        certificates=_key_bytes(entry["certificates"]) if "certificates" in entry else (),
        sealing=_key_bytes(entry.get("sealing")),
    )


def _key_bytes(keys: object) -> tuple[bytes, ...]:
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
        raise ValueError("signing, certificates and sealing are lists of base64 texts, at least one each")
    try:
        return tuple(base64.b64decode(key, validate=True) for key in keys)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from error


_Wrong = tuple[str, str] | None
"""What is wrong, in Vietnamese and in English."""


def _links(book: Book, agency: Agency) -> _Wrong:
    if agency.parent is not None and agency.parent not in book.listed:
        return f"cấp trên {agency.parent} không có", f"unknown parent {agency.parent}"
    if agency.successor is not None and agency.successor not in book.listed:
        return f"đơn vị kế thừa {agency.successor} không có", f"unknown successor {agency.successor}"
    if agency.successor is not None and agency.closed is None:
        return "có đơn vị kế thừa mà chưa có ngày đóng", "a successor, but no closing date"
    if agency.forward and agency.successor is None:
        return "forward mà không có đơn vị kế thừa", "forward, but no successor"
    return None if agency.names else ("chưa có tên", "no name")


def _dates(book: Book, agency: Agency) -> _Wrong:
    if agency.opened is not None and agency.closed is not None and agency.opened >= agency.closed:
        return "ngày đóng không sau ngày mở", "closed is not after opened"
    since = [name.since or date.min for name in agency.names]
    if any(later <= earlier for earlier, later in pairwise(since)):
        return "ngày đổi tên không theo thứ tự", "names are not in order of since"
    if agency.closed is not None and since[-1] >= agency.closed:
        return "đổi tên sau ngày đóng", "renamed after closed"
    opened = None if agency.successor is None else book.listed[agency.successor].opened
    if agency.closed is not None and opened is not None and opened > agency.closed:
        return f"kế thừa {agency.successor} mở sau ngày đóng", f"successor {agency.successor} opens after the closing"
    return None


def _circles(book: Book, agency: Agency) -> _Wrong:
    """Whether its parents or its successors lead back to it."""
    if agency.parent is not None:
        seen = {agency.code}
        for above in book.line(agency.parent):
            if above.code in seen:
                return "cấp trên thành vòng tròn", "parents go round in a circle"
            seen.add(above.code)
    seen, after = {agency.code}, agency
    while after.successor is not None:
        after = book.listed[after.successor]
        if after.code in seen:
            return "kế thừa thành vòng tròn", "successors go round in a circle"
        seen.add(after.code)
    return None
