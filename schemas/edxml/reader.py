"""One package -> a Document or a Status, with a report of the departures that were forgiven. Opens no file; no clock,
no DMS.

Raises PackageRefused and nothing else; `read_file` raises OSError, too, if the file cannot be read. README.md of this
folder says which departures are forgiven and which are refused.
"""

import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, BinaryIO

from pydantic import ValidationError

from schemas.document import Document
from schemas.edxml.header import read_document, read_status, refuse_secrets
from schemas.edxml.limits import LARGE, MIB, Limits
from schemas.edxml.place import Place
from schemas.edxml.report import Departure, Report, refuse
from schemas.edxml.spool import MemoryBudget
from schemas.edxml.xml import parse
from schemas.status import Status

_SPECIFIED = Limits()
_HELD_AT_MOST = 16 * MIB
_PREDECESSOR = "http://www.e-doc.vn/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package that was read: its item, the report, and the original."""

    item: Document | Status
    report: tuple[Departure, ...]
    original_sha256: str
    original: bytes | None = field(repr=False)
    """The package's bytes; None if it was read from a file."""


def read(data: bytes, *, limits: Limits = _SPECIFIED) -> Package:
    """Returns the package. Raises PackageRefused. edxml §1"""
    item, report, sha256 = _read(io.BytesIO(data), limits, None)
    return Package(item=item, report=report, original_sha256=sha256, original=data)


def read_file(
    file: BinaryIO, *, spool: Callable[[], IO[bytes]], held: int = MIB // 2, limits: Limits = LARGE
) -> Package:
    """Reads a package as `read` does, in constant memory: attachments of more than `held` bytes, and smaller ones if
    there are many, go to a spool and have a `source`. A source can be read as long as it is referenced, whatever
    becomes of the package.

    `spool` opens a file without a name; it is called only if the package needs one. The caller must see that the
    package does not change while it is read. Raises PackageRefused, OSError if the package cannot be read, and
    SpoolFailed (an OSError, too) if its attachments cannot be kept. edxml §1.5
    """
    budget = MemoryBudget(spool, one=held, all_=max(held, _HELD_AT_MOST))
    item, report, sha256 = _read(file, limits, budget)
    return Package(item=item, report=report, original_sha256=sha256, original=None)


def _read(
    file: BinaryIO, limits: Limits, budget: MemoryBudget | None
) -> tuple[Document | Status, tuple[Departure, ...], str]:
    size = file.seek(0, os.SEEK_END)
    if size > limits.package:
        refuse("/", "too-large", f"{size} > {limits.package} byte")
    report = Report()
    digest = hashlib.sha256()
    root = Place(parse(file, size, limits=limits, report=report, budget=budget, on_piece=digest.update), report)
    _check_root(root)
    root.expect({"edXMLEnvelope", "AttachmentEncoded"})
    envelope = _part(root, "edXMLEnvelope")
    envelope.expect({"edXMLHeader", "edXMLBody", "AttachmentEncoded"})
    header = _part(envelope, "edXMLHeader")
    message = _part(header, "MessageHeader")
    refuse_secrets(message)
    item: Document | Status
    try:
        if "StatusCode" in message.element.children:
            item = read_status(root, envelope, header, message)
        else:
            item = read_document(root, envelope, header, message, limits=limits, budget=budget)
    except ValidationError as error:
        # The model forbids a value that no rule above caught.
        first = error.errors(include_url=False, include_input=False)[0]
        message.refuse("value", f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    return item, report.entries(), digest.hexdigest()


def _check_root(root: Place) -> None:
    """Refuses a root that is not edXML. edxml §3.1"""
    name = root.element.name
    if name == "edXML":
        return
    namespace, _, local = name.rpartition("}")
    if namespace.startswith("{" + _PREDECESSOR) or local == "Envelope":
        root.refuse("predecessor")
    if local == "edXML":
        root.refuse("wrong-namespace", namespace.removeprefix("{"))
    if local.casefold() == "edxml":
        root.refuse("wrong-case", local)
    root.refuse("not-edxml", local)


def _part(place: Place, name: str) -> Place:
    """Returns a mandatory container, by its exact name. edxml §3.2"""
    return place.one(name) or place.missing(name)
