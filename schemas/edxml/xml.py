"""Bytes of a package -> a tree of elements, at a bounded cost. Knows XML and namespaces, no element of the standard.

pyexpat without namespace processing: an unbound prefix is a departure here, not a fatal error.
"""

from collections.abc import Callable
from html.entities import name2codepoint
from typing import BinaryIO, Final, NoReturn
from xml.parsers import expat

from schemas.edxml.content_decoder import ContentDecoder, Decoded
from schemas.edxml.encoding import document, without_controls
from schemas.edxml.foreign_text import of_bytes
from schemas.edxml.limits import Limits
from schemas.edxml.report import Report, refuse
from schemas.edxml.spool import MemoryBudget

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
_INVALID_TOKEN: Final = expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]
_AT_THE_END: Final = frozenset(
    expat.errors.codes[what]
    for what in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)
"""Expat's codes for a file that ends before its root does."""
_BEFORE: Final = 400  # bytes before a wrong one, in which the words around it begin
_LETTER: Final = 4  # bytes of the longest letter in UTF-8

CONTENT = "ContentTransferEncoded"
"""The one element whose text is a file: it is bounded by the limits on files only."""


class Element:
    """One element: its own text, and its children by local name. A name in another namespace reads "{uri}name"."""

    __slots__ = ("children", "decoded", "name", "text")

    def __init__(self, name: str) -> None:
        self.name = name
        self.text = ""
        self.decoded: Decoded | None = None
        """The decoded file, if the text is a file that is not held in memory."""
        self.children: dict[str, list[Element]] = {}


def parse(
    file: BinaryIO,
    size: int,
    *,
    limits: Limits,
    report: Report,
    budget: MemoryBudget | None,
    on_piece: Callable[[bytes], object],
) -> Element:
    """Returns the root element. Raises PackageRefused unless the bytes are XML within the limits. With `budget`, files
    beyond the budget go to the spool; `on_piece` is called with every byte of the package once. edxml §2"""
    builder = _Builder(limits, report, budget)
    parser = _parser(builder)
    pieces = document(file, size, report, on_piece=on_piece)
    fed, piece, end = 0, b"", 0
    controls: dict[str, int] = {}
    try:
        for raw in pieces:  # piece by piece: a refusal stops the parser early
            piece = without_controls(raw, fed, controls)
            fed += len(piece)
            parser.Parse(piece, False)
            # A token that never ends would be scanned again with every piece.
            if fed - len(piece) - parser.CurrentByteIndex > limits.markup:
                refuse(builder.path(), "too-long", f"> {limits.markup} byte")
            if builder.closed and not end:
                end = fed - len(piece) + piece.rfind(b">")
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        if not builder.closed:
            at = parser.ErrorByteIndex - fed + len(piece)
            _refuse_markup(builder, error, piece[max(0, at) :], piece[max(0, at - _BEFORE) :])
        end = parser.ErrorByteIndex
        report.add(builder.root.name, "stray-after", fed + sum(map(len, pieces)) - end)
    for control, at in controls.items():
        if at < end:
            report.add("/", "control-character", control)
        else:
            report.add(builder.root.name, "stray-after", fed - at)
    return builder.root


def _refuse_markup(builder: "_Builder", error: expat.ExpatError, rest: bytes, around: bytes) -> NoReturn:
    """Refuses bytes that are no XML. `rest` begins at the wrong byte, `around` a little before it. edxml §2.6"""
    if error.code in _AT_THE_END:
        refuse(builder.path(), "cut-off")
    if not builder.root.name:  # no element has begun: these are no letters of a text either
        refuse("/", "not-xml")
    try:
        rest[:_LETTER].decode()
    except UnicodeDecodeError as wrong:
        if wrong.start == 0 and error.code == _INVALID_TOKEN:
            near = around[: len(around) - len(rest)].rpartition(b">")[2] + rest.partition(b"<")[0]
            found = of_bytes(near) or of_bytes(around)
            refuse(builder.path(), "not-utf8", found or f"{error.lineno}:{error.offset + 1}")
    refuse(builder.path(), "bad-markup", f"{error.lineno}:{error.offset + 1}")


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
    # As if there were a DTD elsewhere, which nobody fetches: a name such as &nbsp; is handed over instead of ending the
    # package.
    parser.UseForeignDTD(True)
    parser.SkippedEntityHandler = builder.entity
    return parser


class _Scope:
    """The prefixes bound here, and a cache of the names resolved under them: most packages bind once and use many
    names."""

    __slots__ = ("bound", "names")

    def __init__(self, bound: dict[str, str]) -> None:
        self.bound = bound
        self.names: dict[str, str] = {}


class _Builder:
    """Builds the elements from expat's events, and enforces every limit that the tree can exceed."""

    def __init__(self, limits: Limits, report: Report, budget: MemoryBudget | None) -> None:
        self.limits, self.report = limits, report
        self._budget = budget
        self.root = Element("")
        self.closed = False
        self._open: list[Element] = []
        self._scope = _Scope({})
        self._outer: list[
            tuple[int, _Scope]
        ] = []  # outer scopes, each with the depth at which the inner one was opened
        self._texts: list[list[str] | ContentDecoder] = []
        self._within = 0  # depth of nested content elements; only the outermost is a file
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
        if name == CONTENT and self._budget:
            self._within += 1
            if self._within == 1:
                self._texts[-1] = ContentDecoder(self._budget, self.limits)

    def end(self, _tag: str) -> None:
        element = self._open.pop()
        texts = self._texts.pop()
        if element.name == CONTENT and self._budget:
            self._within -= 1
        if isinstance(texts, ContentDecoder):
            element.text, element.decoded = texts.close()
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

    def entity(self, name: str, _is_parameter: bool) -> None:
        """Puts the letter of an HTML name such as &nbsp; into the text. edxml §2.7"""
        code = name2codepoint.get(name)
        if code is None:
            refuse(self.path(), "bad-markup", f"&{name};")
        self.report.add(self.path(), "html-entity", f"&{name};")
        self.characters(chr(code))

    def _attributes(self, attributes: list[str]) -> None:
        """Reads the bindings of prefixes; no other attribute has a meaning in the standard."""
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
        if not uri and prefix not in self._unbound:  # reported once for each prefix
            self._unbound.add(prefix)
            path = "/".join([*(element.name for element in self._open), local])
            self.report.add(path, "prefix-unbound" if prefix else "namespace-missing", prefix)
        self._scope.names[tag] = name
        return name
