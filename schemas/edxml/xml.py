"""Bytes of a package -> a tree of elements, at a bounded cost. Knows XML and namespaces, no element of the standard.

pyexpat without namespace processing: a prefix that nobody bound is a departure here, not the end of the package.
"""

import codecs
import re
from typing import NoReturn
from xml.parsers import expat

from schemas.edxml.limits import Limits
from schemas.edxml.report import Report, refuse

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
CONTENT = "ContentTransferEncoded"
"""The one element whose text is a file; only the limits on files bound it."""

_CHUNK = 1 << 18  # fed by chunks, so that a refusal stops the parser at the end of one
_OPENING = 4096  # bytes in which a displaced XML declaration is looked for
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARATION = re.compile(rb"<\?xml\s[^>]{0,300}\?>")
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_LEGACY = frozenset({"iso-8859-1", "windows-1252", "windows-1258"})  # single bytes that old software declares


class Element:
    """One element: text of its own, children by local name. A name in another namespace reads "{uri}name"."""

    __slots__ = ("children", "name", "text")

    def __init__(self, name: str) -> None:
        self.name = name
        self.text = ""
        self.children: dict[str, list[Element]] = {}


def parse(data: bytes, *, limits: Limits, report: Report) -> Element:
    """The root element. Raises PackageRefused for anything that is no XML within the limits. edxml §2"""
    if len(data) > limits.package:
        refuse("/", "too-large", f"{len(data)} > {limits.package} byte")
    data = _utf8(data, report)
    start = _start(data, report)
    builder = _Builder(limits, report)
    parser = _parser(builder)
    try:
        for at in range(start, len(data), _CHUNK):
            parser.Parse(data[at : at + _CHUNK], False)
            # A token that never ends would be scanned again with every chunk.
            if at - start - parser.CurrentByteIndex > limits.markup:
                refuse(builder.path(), "too-long", f"> {limits.markup} byte")
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        if not builder.closed:
            line, column = error.lineno, error.offset + 1
            refuse(builder.path(), "not-xml", f"{expat.ErrorString(error.code)}, line {line}, column {column}")
        report.add(builder.root.name, "stray-after", len(data) - start - parser.ErrorByteIndex)
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


def _utf8(data: bytes, report: Report) -> bytes:
    """The same text in UTF-8, which is how nearly every package comes."""
    for mark, codec in _BOMS:
        if data.startswith(mark):
            if codec == "utf-8":
                report.add("/", "byte-order-mark")
                return data[len(mark) :]
            report.add("/", "encoding", codec)
            return _decoded(data, codec).removeprefix("\ufeff").encode()
    declared = _ENCODING.search(data[:_OPENING].partition(b"?>")[0])
    name = declared.group(1).decode().lower() if declared else "utf-8"
    if name in ("utf-8", "utf8", "us-ascii"):
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        if name not in _LEGACY:
            refuse("/", "encoding", name)
        report.add("/", "encoding", name)
        return _decoded(data, name).encode()
    report.add("/", "encoding", f"{name}, UTF-8")
    return data


def _decoded(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        refuse("/", "encoding", f"{codec}, byte {error.start}")


def _start(data: bytes, report: Report) -> int:
    """Where the document begins, after stray bytes and the declaration: what that says is settled by now."""
    if not data.strip():
        refuse("/", "empty")
    declaration = _DECLARATION.search(data, 0, _OPENING)
    start = declaration.start() if declaration else data.find(b"<")
    if start < 0:
        refuse("/", "not-xml", "no element")
    if data[:start].strip():
        report.add("/", "stray-before", start)
    return declaration.end() if declaration else start


class _Scope:
    """Prefixes bound here, and the names already resolved under them: most packages bind once and name a lot."""

    __slots__ = ("bound", "names")

    def __init__(self, bound: dict[str, str]) -> None:
        self.bound = bound
        self.names: dict[str, str] = {}


class _Builder:
    """Expat's events -> elements. Every count of Limits that the tree can break is kept here."""

    def __init__(self, limits: Limits, report: Report) -> None:
        self.limits, self.report = limits, report
        self.root = Element("")
        self.closed = False
        self._open: list[Element] = []
        self._scope = _Scope({})
        self._outer: list[tuple[int, _Scope]] = []  # scopes to come back to, with the depth that opened the inner one
        self._texts: list[list[str]] = []
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

    def end(self, _tag: str) -> None:
        element = self._open.pop()
        texts = self._texts.pop()
        if texts:
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
