"""Manifest and encoded attachments -> the attachments of a document, as they were before packing. edxml §8

What a package states about a file (type, name, packing) is not trusted: the bytes decide.
"""

import binascii
import re

from schemas.document import Attachment
from schemas.edxml import zipped
from schemas.edxml.base64_text import Base64Decoder, NoBase64
from schemas.edxml.content_decoder import Decoded, Fault
from schemas.edxml.limits import Limits
from schemas.edxml.manifest import REFERENCE, content_id, join
from schemas.edxml.place import Place
from schemas.edxml.spool import EDGE, InMemory, MemoryBudget, Slice
from schemas.edxml.xml import CONTENT

_ATTACHMENT = REFERENCE | {CONTENT, "FieldName", "MimeType", "Format"}
_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u2028\u2029]+")
_SEPARATORS = re.compile(r"[/\\]")
_REPLACEMENT = b"\xef\xbf\xbd"  # U+FFFD: decoding a binary file as text leaves it behind
_ENCODED_AGAIN = (b"JVBERi0", b"UEsDBBQ", b"0M8R4KGxGuE")
"""Base64 of how a PDF, a ZIP (so, any newer office file) and an older office file begin."""
_STARTS = ((b"%PDF", "PDF"), (zipped.SIGNATURE, "ZIP"))
_TYPES = {"application/pdf": "PDF", "application/zip": "ZIP", "application/x-zip-compressed": "ZIP"}


def plain_name(name: str) -> str:
    """Returns a file name as people gave it, without path and without characters that deceive the eye. edxml §8.2"""
    last = _SEPARATORS.split(_CONTROL.sub(" ", name).rstrip("/\\ "))[-1].strip()
    return "" if last in {".", ".."} else last


def extension(name: str) -> str:
    """Returns the file extension in lower case, without the dot; "" unless it is up to ten plain letters and digits."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return ending if ending.isascii() and ending.isalnum() and len(ending) <= 10 else ""


def read_attachments(
    manifest: Place | None, encoded: list[Place], *, limits: Limits, must_carry: bool, budget: MemoryBudget | None
) -> tuple[Attachment, ...]:
    """Returns the attachments in the order of AttachmentEncoded. `must_carry`: whether a file that is named but not
    carried is refused. Without `budget` all of them are held in memory."""
    if len(encoded) > limits.attachments:
        encoded[limits.attachments].refuse("too-many", f"> {limits.attachments}")
    attachments: list[Attachment] = []
    total = 0
    references = join(manifest, encoded, must_carry=must_carry)
    for position, (place, reference) in enumerate(zip(encoded, references, strict=True), start=1):
        place.expect(_ATTACHMENT)
        attachments.append(_attachment(place, reference, position, limits, budget))
        total += attachments[-1].size
        if total > limits.total:
            place.refuse("too-large", f"> {limits.total} byte")
    return tuple(attachments)


def _attachment(
    place: Place, reference: Place | None, position: int, limits: Limits, budget: MemoryBudget | None
) -> Attachment:
    told = (place, reference) if reference else (place,)
    name = _name(place, next(filter(None, (each.text("AttachmentName") for each in told)), None), position)
    encoded = _decoded(place, name, limits)
    _compare_types(place, reference, encoded.first(EDGE))
    file = _unpacked(place, name, encoded, limits, budget)
    _report_damage(place, name, file)
    own_id = next(filter(None, map(content_id, told)), None)
    described = next(filter(None, (each.text("Description") for each in told)), None)
    if isinstance(file, InMemory):
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


def _decoded(place: Place, name: str, limits: Limits) -> InMemory | Slice:
    found = place.element.children.get(CONTENT)
    if not found:
        place.refuse("attachment-missing", name, at=CONTENT)
    if found[0].decoded:
        return _spooled(place, name, found[0].decoded, limits)
    encoded = found[0].text
    if len(encoded) > limits.attachment * 2:  # four characters for three bytes, plus line breaks
        place.refuse("too-large", f"{name} > {limits.attachment} byte", at=CONTENT)
    try:
        content = binascii.a2b_base64(encoded, strict_mode=True)
    except ValueError:  # binascii.Error is one, and so is what is said of letters beyond ASCII
        content = _repaired(place, name, encoded)
    _check_size(place, name, len(content), limits)
    return InMemory(content)


def _spooled(place: Place, name: str, decoded: Decoded, limits: Limits) -> InMemory | Slice:
    match decoded.fault:
        case Fault.BAD:
            place.refuse("bad-base64", name, at=CONTENT)
        case Fault.LONG:
            place.refuse("too-large", f"{name} > {limits.attachment} byte", at=CONTENT)
        case Fault.FULL:
            place.refuse("too-large", f"> {limits.total} byte")
        case None:
            pass
    for rule in decoded.repairs:
        place.note(rule, at=CONTENT)
    _check_size(place, name, decoded.size, limits)
    assert decoded.slice is not None
    return decoded.slice if decoded.size else InMemory(b"")


def _check_size(place: Place, name: str, size: int, limits: Limits) -> None:
    if not size:
        place.note("attachment-empty", at=CONTENT)
    if size > limits.attachment:
        place.refuse("too-large", f"{name}: {size} > {limits.attachment} byte", at=CONTENT)


def _repaired(place: Place, name: str, encoded: str) -> bytes:
    """Decodes base64 that is not strict, with its departures; what can be read in more ways than one is refused. edxml
    §8.3"""
    pieces: list[bytes] = []
    decoder = Base64Decoder(pieces.append)
    try:
        decoder.feed(encoded)
        decoder.finish()
    except NoBase64:
        place.refuse("bad-base64", name, at=CONTENT)
    for rule in decoder.repairs:
        place.note(rule, at=CONTENT)
    return b"".join(pieces)


def _unpacked(
    place: Place, name: str, file: InMemory | Slice, limits: Limits, budget: MemoryBudget | None
) -> InMemory | Slice | zipped.Unzipped:
    """Returns the file itself, taken out of the ZIP that wraps it, if there is one. edxml §8.4"""
    if file.first(len(zipped.SIGNATURE)) != zipped.SIGNATURE or extension(name) == "zip":
        return file
    looked = zipped.look(file)
    if isinstance(looked, zipped.Wrapped):
        if looked.beside:
            # With more in it, it may be of another format that is a ZIP: only the same kind of file is taken out.
            if extension(looked.entry.filename) != extension(name):
                place.note("zip-several", looked.beside + 1, at=CONTENT)
                return file
            place.note("zip-extra", looked.beside, at=CONTENT)
        return _inside(place, name, file, looked, limits, budget)
    if looked.rule:
        place.note(looked.rule, looked.why, at=CONTENT)
    return file


def _inside(
    place: Place,
    name: str,
    file: InMemory | Slice,
    wrapped: zipped.Wrapped,
    limits: Limits,
    budget: MemoryBudget | None,
) -> InMemory | Slice | zipped.Unzipped:
    entry = wrapped.entry
    if zipped.is_path(entry):
        place.refuse("zip-entry-path", entry.orig_filename.replace("\0", "␀"), at=CONTENT)
    if entry.file_size > limits.attachment or (
        entry.file_size > limits.ratio_from and entry.file_size > limits.ratio * file.size
    ):
        place.refuse("zip-bomb", f"{name}: {file.size} → {entry.file_size} byte", at=CONTENT)
    try:
        if budget and not budget.takes(entry.file_size):
            inside: InMemory | zipped.Unzipped = zipped.Unzipped(file, wrapped)
        else:
            inside = InMemory(zipped.unwrap(wrapped))
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


def _report_damage(place: Place, name: str, file: InMemory | Slice | zipped.Unzipped) -> None:
    """Reports signs of damage in transit; the file is passed on as it came. edxml §8.5"""
    first = file.first(EDGE)
    if first.startswith(_ENCODED_AGAIN):
        place.note("encoded-twice", at=CONTENT)
    if first.count(_REPLACEMENT) >= 3:
        place.note("bytes-destroyed", at=CONTENT)
    if extension(name) != "pdf" or not first:
        return
    if b"%PDF-" not in first:
        place.note("pdf-header", at=CONTENT)
    elif b"%%EOF" not in file.last(EDGE):
        place.note("pdf-truncated", at=CONTENT)
