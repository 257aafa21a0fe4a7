"""One package of bytes -> a Document or a Status, with a report of what was forgiven. No file, no clock, no DMS.

Refuses with PackageRefused and nothing else. What is forgiven and what is not: README.md of this folder.
"""

import hashlib
from dataclasses import dataclass, field

from pydantic import ValidationError

from schemas.document import Document
from schemas.edxml.header import read_document, read_status, refuse_secrets
from schemas.edxml.limits import Limits
from schemas.edxml.place import Place
from schemas.edxml.report import Departure, Report
from schemas.edxml.xml import parse
from schemas.status import Status

_SPECIFIED = Limits()
_PREDECESSOR = "http://www.e-doc.vn/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What was read, and the bytes it was read from."""

    item: Document | Status
    report: tuple[Departure, ...]
    original_sha256: str
    original: bytes = field(repr=False)


def read(data: bytes, *, limits: Limits = _SPECIFIED) -> Package:
    """Raises PackageRefused. edxml §1"""
    report = Report()
    root = Place(parse(data, limits=limits, report=report), report)
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
            item = read_document(root, envelope, header, message, limits=limits)
    except ValidationError as error:
        # Whatever the model forbids and no rule above foresaw.
        first = error.errors(include_url=False, include_input=False)[0]
        message.refuse("value", f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    return Package(item=item, report=report.entries(), original_sha256=hashlib.sha256(data).hexdigest(), original=data)


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
