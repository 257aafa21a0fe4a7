"""One package -> a Document or a Status, with a report of what was forgiven. Opens no file; no clock, no DMS.

Refuses with PackageRefused and nothing else; of a file, OSError where it cannot be read.
What is forgiven and what is not: README.md of this folder.
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
from schemas.edxml.spool import Room
from schemas.edxml.xml import parse
from schemas.status import Status

_SPECIFIED = Limits()
_HELD_AT_MOST = 16 * MIB
_PREDECESSOR = "http://www.e-doc.vn/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What was read, and the bytes it was read from."""

    item: Document | Status
    report: tuple[Departure, ...]
    original_sha256: str
    original: bytes | None = field(repr=False)
    """None where it was read from a file."""


def read(data: bytes, *, limits: Limits = _SPECIFIED) -> Package:
    """Raises PackageRefused. edxml §1"""
    item, report, sha256 = _read(io.BytesIO(data), limits, None)
    return Package(item=item, report=report, original_sha256=sha256, original=data)


def read_file(
    file: BinaryIO, *, spool: Callable[[], IO[bytes]], held: int = MIB // 2, limits: Limits = LARGE
) -> Package:
    """As `read`, with the attachments that have more than `held` bytes left on a disk: each has a `source` then, that
    can be read as long as it is referred to, whatever becomes of the package. So have smaller ones, where there are
    many. `spool` opens a file without a name; it is called only for a package that needs one. The package must stay as
    it is while it is read: its caller sees to that. Raises PackageRefused, OSError where the package cannot be read,
    and SpoolFailed, an OSError too, where its attachments cannot be kept. edxml §1.5"""
    room = Room(spool, one=held, all_=max(held, _HELD_AT_MOST))
    item, report, sha256 = _read(file, limits, room)
    return Package(item=item, report=report, original_sha256=sha256, original=None)


def _read(file: BinaryIO, limits: Limits, room: Room | None) -> tuple[Document | Status, tuple[Departure, ...], str]:
    size = file.seek(0, os.SEEK_END)
    if size > limits.package:
        refuse("/", "too-large", f"{size} > {limits.package} byte")
    report = Report()
    digest = hashlib.sha256()
    root = Place(parse(file, size, limits=limits, report=report, room=room, passing=digest.update), report)
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
            item = read_document(root, envelope, header, message, limits=limits, room=room)
    except ValidationError as error:
        # Whatever the model forbids and no rule above foresaw.
        first = error.errors(include_url=False, include_input=False)[0]
        message.refuse("value", f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    return item, report.entries(), digest.hexdigest()


def _check_root(root: Place) -> None:
    """edxml §3.1"""
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
    """A container that must be there, by its exact name. edxml §3.2"""
    found = place.one(name)
    if found:
        return found
    for other in place.element.children:
        namespace, _, local = other.rpartition("}")
        if local == name:
            place.refuse("wrong-namespace", namespace.removeprefix("{"), at=name)
        if local.casefold() == name.casefold():
            place.refuse("wrong-case", local, at=local)
    return place.refuse("missing-element", name, at=name)
