"""The join of manifest and attachments: each attachment's reference, found by ContentId, by name, or by position. edxml
§8.1"""

import re
from collections import deque
from collections.abc import Callable

from schemas.edxml.place import Place

REFERENCE = frozenset({"ContentId", "ContentType", "Description", "AttachmentName"})

_CID = re.compile(r"cid:\s*", re.IGNORECASE)


def content_id(place: Place) -> str | None:
    """Returns the content id without the prefix "cid:", which some software writes."""
    value = place.raw("ContentId")
    if value and (found := _CID.match(value)):
        return value[found.end() :] or None
    return value


def join(manifest: Place | None, encoded: list[Place], *, must_carry: bool) -> list[Place | None]:
    """Returns the reference of each attachment, in their order; None if the manifest has none for it.

    A reference without an attachment is refused if `must_carry`, otherwise a departure.
    """
    references = manifest.all("Reference") if manifest else []
    for reference in references:
        reference.expect(REFERENCE)
    joined: list[Place | None] = [None] * len(encoded)
    left = _claim(references, encoded, joined, content_id, "")
    left = _claim(left, encoded, joined, _name, "joined-by-name")
    for position, place in enumerate(encoded):
        if joined[position] is None and left:
            joined[position] = left.pop(0)
            place.note("joined-by-position", called(place))
        elif joined[position] is None and references:
            place.note("not-in-manifest", called(place))
    for reference in left:
        if must_carry:
            reference.refuse("attachment-missing", called(reference))
        reference.note("not-carried", called(reference))
    return joined


def called(place: Place) -> str:
    """Returns the name of a reference or an attachment for a sentence to people: its file name, else its content id."""
    return _name(place) or content_id(place) or "?"


def _name(place: Place) -> str | None:
    return place.raw("AttachmentName")


def _claim(
    references: list[Place],
    encoded: list[Place],
    joined: list[Place | None],
    key: Callable[[Place], str | None],
    rule: str,
) -> list[Place]:
    """Joins references and attachments that have the same key, first to first. Returns the references left over."""
    keyed: dict[str, deque[int]] = {}
    for number, reference in enumerate(references):
        if found := key(reference):
            keyed.setdefault(found, deque()).append(number)
    taken = set()
    for position, place in enumerate(encoded):
        if joined[position] is None and (found := key(place)) and (numbers := keyed.get(found)):
            number = numbers.popleft()
            taken.add(number)
            joined[position] = references[number]
            if rule:
                place.note(rule, found)
    return [reference for number, reference in enumerate(references) if number not in taken]
