"""Bytes of a package -> a tree of elements, at a bounded cost. Knows XML and namespaces, no element of the standard.

pyexpat without namespace processing: a prefix that nobody bound is a departure here, not the end of the package.
"""

from collections.abc import Callable
from typing import BinaryIO, NoReturn
from xml.parsers import expat

from schemas.edxml.cut import Cut, Decoded
from schemas.edxml.encoding import document
from schemas.edxml.limits import Limits
from schemas.edxml.report import Report, refuse
from schemas.edxml.spool import Room

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
CONTENT = "ContentTransferEncoded"
"""The one element whose text is a file; only the limits on files bound it."""


class Element:
    """One element: text of its own, children by local name. A name in another namespace reads "{uri}name"."""

    __slots__ = ("children", "cut", "name", "text")

    def __init__(self, name: str) -> None:
        self.name = name
        self.text = ""
        self.cut: Decoded | None = None
        """Where the text is a file that is not held in memory."""
        self.children: dict[str, list[Element]] = {}


def parse(
    file: BinaryIO, size: int, *, limits: Limits, report: Report, room: Room | None, passing: Callable[[bytes], object]
) -> Element:
    """The root element. Raises PackageRefused for anything that is no XML within the limits. With `room`, files that it
    does not take are cut out; `passing` is given every byte of the package once. edxml §2"""
    builder = _Builder(limits, report, room)
    parser = _parser(builder)
    pieces = document(file, size, report, passing=passing)
    fed = 0
    try:
        for piece in pieces:  # by pieces, so that a refusal stops the parser at the end of one
            fed += len(piece)
            parser.Parse(piece, False)
            # A token that never ends would be scanned again with every piece.
            if fed - len(piece) - parser.CurrentByteIndex > limits.markup:
                refuse(builder.path(), "too-long", f"> {limits.markup} byte")
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        if not builder.closed:
            line, column = error.lineno, error.offset + 1
            refuse(builder.path(), "not-xml", f"{expat.ErrorString(error.code)}, line {line}, column {column}")
        report.add(builder.root.name, "stray-after", fed + sum(map(len, pieces)) - parser.ErrorByteIndex)
    return builder.root


def _parser(builder: "_Builder") -> expat.XMLParserType:
    parser = expat.ParserCreate("utf-8")
    parser.buffer_size = 1 << 16
    parser.buffer_text = True
    parser.ordered_attributes = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = builder.doctype
    parser.EntityDeclHandler = builder.doctype
    return parser


class _Scope:
    """Prefixes bound here, and the names already resolved under them: most packages bind once and name a lot."""

    __slots__ = ("bound", "names")

    def __init__(self, bound: dict[str, str]) -> None:
        self.bound = bound
        self.names: dict[str, str] = {}


class _Builder:
    """Expat's events -> elements. Every count of Limits that the tree can break is kept here."""

    def __init__(self, limits: Limits, report: Report, room: Room | None) -> None:
        self.limits, self.report = limits, report
        self._room = room
        self.root = Element("")
        self.closed = False
        self._open: list[Element] = []
        self._scope = _Scope({})
        self._outer: list[tuple[int, _Scope]] = []  # scopes to come back to, with the depth that opened the inner one
        self._texts: list[list[str] | Cut] = []
        self._within = 0  # of elements that are files; only the outermost is one
        self._size = 0
        self._count = 0
        self._unbound: set[str] = set()

    def path(self) -> str:
        return "/".join(element.name for element in self._open) or "/"

    def doctype(self, *_: object) -> NoReturn:
        refuse("/", "doctype")

    def start(self, tag: str, attributes: list[str]) -> None:
        way = self._open
        self._count += 1
        if self._count > self.limits.elements:
            refuse(self.path(), "too-many", f"> {self.limits.elements}")
        if len(way) >= self.limits.depth:
            refuse(self.path(), "too-deep", self.limits.depth)
        if attributes:
            self._attributes(attributes)
        name = self._scope.names.get(tag) or self._name(tag)
        element = Element(name)
        if way:
            children = way[-1].children
            if name in children:
                children[name].append(element)
            else:
                children[name] = [element]
        else:
            self.root = element
        way.append(element)
        self._texts.append([])
        self._size = 0
        if name == CONTENT and self._room:
            self._within += 1
            if self._within == 1:
                self._texts[-1] = Cut(self._room, self.limits)

    def end(self, _tag: str) -> None:
        element = self._open.pop()
        texts = self._texts.pop()
        if element.name == CONTENT and self._room:
            self._within -= 1
        if isinstance(texts, Cut):
            element.text, element.cut = texts.close()
        elif texts:
            element.text = texts[0] if len(texts) == 1 else "".join(texts)
        self._size = 0
        depth = len(self._open)
        if self._outer and self._outer[-1][0] == depth:
            self._scope = self._outer.pop()[1]
        self.closed = depth == 0

    def characters(self, text: str) -> None:
        self._size += len(text)
        if self._size > self.limits.text and self._open[-1].name != CONTENT:
            refuse(self.path(), "too-long", f"> {self.limits.text}")
        if self._within < 2:
            self._texts[-1].append(text)

    def _attributes(self, attributes: list[str]) -> None:
        """Only bindings of prefixes matter; no attribute of the standard says anything."""
        if len(attributes) > 2 * self.limits.attributes:
            refuse(self.path(), "too-many", f"> {self.limits.attributes}")
        bound = {
            name[6:]: value.strip()
            for name, value in zip(attributes[::2], attributes[1::2], strict=True)
            if name == "xmlns" or name.startswith("xmlns:")
        }
        if bound:
            self._outer.append((len(self._open), self._scope))
            self._scope = _Scope({**self._scope.bound, **bound})

    def _name(self, tag: str) -> str:
        prefix, colon, local = tag.partition(":")
        if not colon:
            prefix, local = "", tag
        uri = self._scope.bound.get(prefix)
        name = local if uri in (NAMESPACE, None, "") else f"{{{uri}}}{local}"
        if not uri and prefix not in self._unbound:  # said once a prefix
            self._unbound.add(prefix)
            path = "/".join([*(element.name for element in self._open), local])
            self.report.add(path, "prefix-unbound" if prefix else "namespace-missing", prefix)
        self._scope.names[tag] = name
        return name
