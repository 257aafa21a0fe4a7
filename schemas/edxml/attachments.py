"""Manifest and encoded attachments -> the files of a document, as they were before packing. edxml §8

What a package says of a file (type, name, packing) is not believed: the bytes are looked at.
"""

import binascii
import re

from schemas.document import Attachment
from schemas.edxml import zipped
from schemas.edxml.cut import SPACE, Decoded, Fault
from schemas.edxml.limits import Limits
from schemas.edxml.manifest import REFERENCE, content_id, join
from schemas.edxml.place import Place
from schemas.edxml.spool import EDGE, Held, Room, Slice
from schemas.edxml.xml import CONTENT

_ATTACHMENT = REFERENCE | {CONTENT, "FieldName", "MimeType", "Format"}
_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u2028\u2029]+")
_SEPARATORS = re.compile(r"[/\\]")
_REPLACEMENT = b"\xef\xbf\xbd"  # U+FFFD: what a binary file turns into when it is taken for text
_STARTS = ((b"%PDF", "PDF"), (zipped.SIGNATURE, "ZIP"))
_TYPES = {"application/pdf": "PDF", "application/zip": "ZIP", "application/x-zip-compressed": "ZIP"}


def plain_name(name: str) -> str:
    """A file name as people gave it, without path and without characters that deceive the eye. edxml §8.2"""
    last = _SEPARATORS.split(_CONTROL.sub(" ", name).rstrip("/\\ "))[-1].strip()
    return "" if last in {".", ".."} else last


def extension(name: str) -> str:
    """In lower case, without the dot; "" where it is none of up to ten plain letters and digits."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return ending if ending.isascii() and ending.isalnum() and len(ending) <= 10 else ""


def read_attachments(
    manifest: Place | None, encoded: list[Place], *, limits: Limits, must_carry: bool, room: Room | None
) -> tuple[Attachment, ...]:
    """In the order of AttachmentEncoded. `must_carry`: whether a file that is only named is refused. Without `room`
    all of them are held in memory."""
    if len(encoded) > limits.attachments:
        encoded[limits.attachments].refuse("too-many", f"> {limits.attachments}")
    attachments: list[Attachment] = []
    total = 0
    references = join(manifest, encoded, must_carry=must_carry)
    for position, (place, reference) in enumerate(zip(encoded, references, strict=True), start=1):
        place.expect(_ATTACHMENT)
        attachments.append(_attachment(place, reference, position, limits, room))
        total += attachments[-1].size
        if total > limits.total:
            place.refuse("too-large", f"> {limits.total} byte")
    return tuple(attachments)


def _attachment(place: Place, reference: Place | None, position: int, limits: Limits, room: Room | None) -> Attachment:
    told = (place, reference) if reference else (place,)
    name = _name(place, next(filter(None, (each.text("AttachmentName") for each in told)), None), position)
    encoded = _decoded(place, name, limits)
    _compare_types(place, reference, encoded.first(EDGE))
    file = _unpacked(place, name, encoded, limits, room)
    _look_at(place, name, file)
    own_id = next(filter(None, map(content_id, told)), None)
    described = next(filter(None, (each.text("Description") for each in told)), None)
    if isinstance(file, Held):
        return Attachment.of(name, file.content, content_id=own_id, description=described)
    return Attachment(
        name=name, size=file.size, sha256=file.sha256, content_id=own_id, description=described, source=file
    )


def _name(place: Place, written: str | None, position: int) -> str:
    name = plain_name(written or "")
    if not name:
        name = f"tep-dinh-kem-{position}"
        place.note("name-missing", name, at="AttachmentName")
    elif _SEPARATORS.search(written or ""):
        place.note("name-path", written, at="AttachmentName")
    elif name != written:
        place.note("name-cleaned", name, at="AttachmentName")
    return name


def _decoded(place: Place, name: str, limits: Limits) -> Held | Slice:
    found = place.element.children.get(CONTENT)
    if not found:
        place.refuse("attachment-missing", name, at=CONTENT)
    if found[0].cut:
        return _spooled(place, name, found[0].cut, limits)
    try:
        encoded = found[0].text.encode("ascii")
    except UnicodeEncodeError:
        place.refuse("bad-base64", name, at=CONTENT)
    if len(encoded) > limits.attachment * 2:  # four characters for three bytes, and room for line breaks
        place.refuse("too-large", f"{name} > {limits.attachment} byte", at=CONTENT)
    try:
        content = binascii.a2b_base64(encoded, strict_mode=True)
    except binascii.Error:
        content = _repaired(place, name, encoded)
    _measure(place, name, len(content), limits)
    return Held(content)


def _spooled(place: Place, name: str, cut: Decoded, limits: Limits) -> Held | Slice:
    match cut.fault:
        case Fault.BAD:
            place.refuse("bad-base64", name, at=CONTENT)
        case Fault.LONG:
            place.refuse("too-large", f"{name} > {limits.attachment} byte", at=CONTENT)
        case Fault.FULL:
            place.refuse("too-large", f"> {limits.total} byte")
        case None:
            pass
    if cut.padded:
        place.note("base64-padding", at=CONTENT)
    _measure(place, name, cut.size, limits)
    assert cut.lying is not None
    return cut.lying if cut.size else Held(b"")


def _measure(place: Place, name: str, size: int, limits: Limits) -> None:
    if not size:
        place.note("attachment-empty", at=CONTENT)
    if size > limits.attachment:
        place.refuse("too-large", f"{name}: {size} > {limits.attachment} byte", at=CONTENT)


def _repaired(place: Place, name: str, encoded: bytes) -> bytes:
    """With line breaks, or without its padding; anything else is no base64. edxml §8.3"""
    encoded = encoded.translate(None, SPACE)
    if short := -len(encoded) % 4:
        encoded += b"=" * short
        place.note("base64-padding", at=CONTENT)
    try:
        return binascii.a2b_base64(encoded, strict_mode=True)
    except binascii.Error:
        place.refuse("bad-base64", name, at=CONTENT)


def _unpacked(
    place: Place, name: str, file: Held | Slice, limits: Limits, room: Room | None
) -> Held | Slice | zipped.Inside:
    """The file itself, whatever it was packed in. edxml §8.4"""
    if file.first(len(zipped.SIGNATURE)) != zipped.SIGNATURE or extension(name) == "zip":
        return file
    looked = zipped.look(file)
    if isinstance(looked, zipped.Wrapped):
        return _inside(place, name, file, looked, limits, room)
    if looked.rule:
        place.note(looked.rule, looked.why, at=CONTENT)
    return file


def _inside(
    place: Place, name: str, file: Held | Slice, wrapped: zipped.Wrapped, limits: Limits, room: Room | None
) -> Held | Slice | zipped.Inside:
    entry = wrapped.entry
    if zipped.is_path(entry):
        place.refuse("zip-entry-path", entry.orig_filename.replace("\0", "␀"), at=CONTENT)
    if entry.file_size > limits.attachment or (
        entry.file_size > limits.ratio_from and entry.file_size > limits.ratio * file.size
    ):
        place.refuse("zip-bomb", f"{name}: {file.size} → {entry.file_size} byte", at=CONTENT)
    try:
        if room and not room.takes(entry.file_size):
            inside: Held | zipped.Inside = zipped.Inside(file, wrapped)
        else:
            inside = Held(zipped.unwrap(wrapped))
    except ValueError:
        place.note("zip-kept", "CRC", at=CONTENT)
        return file
    if (within := extension(entry.filename)) != extension(name):
        place.note("zip-extension", f"{within or '—'} ≠ {extension(name) or '—'}", at=CONTENT)
    return inside


def _compare_types(place: Place, reference: Place | None, first: bytes) -> None:
    said = (place.raw("ContentType") or "").lower()
    kind = next((kind for start, kind in _STARTS if first.startswith(start)), "?")
    if (wanted := _TYPES.get(said)) and wanted != kind:
        place.note("content-type", f"{said} ≠ {kind}", at="ContentType")
    elif reference and said and (other := reference.raw("ContentType")) and other.lower() != said:
        place.note("content-type", f"{said} ≠ {other}", at="ContentType")


def _look_at(place: Place, name: str, file: Held | Slice | zipped.Inside) -> None:
    """Signs of damage on the way; the file is passed on as it came. edxml §8.5"""
    first = file.first(EDGE)
    if first.count(_REPLACEMENT) >= 3:
        place.note("bytes-destroyed", at=CONTENT)
    if extension(name) != "pdf" or not first:
        return
    if b"%PDF-" not in first:
        place.note("pdf-header", at=CONTENT)
    elif b"%%EOF" not in file.last(EDGE):
        place.note("pdf-truncated", at=CONTENT)
