"""Type, TypeDetail and TypeName of a package <-> the list of QCVN 102 SĐ1:2022. edxml §6.4"""

import re
from typing import TypeAlias

from schemas.codes import DOCUMENT_TYPES, DocumentGroup
from schemas.document import DocumentType
from schemas.edxml.fields import integer
from schemas.edxml.place import Place
from schemas.values import matching

_Key: TypeAlias = tuple[DocumentGroup, int]

_QUALIFIED = re.compile(r"\s*\([^)]*\)$")  # "Quyết định (cá biệt)" is called "Quyết định" by everybody
_CALLED: dict[str, list[_Key]] = {}
for _key, _label in DOCUMENT_TYPES.items():
    for _name in {_label.vi, _QUALIFIED.sub("", _label.vi)}:
        _CALLED.setdefault(matching(_name), []).append(_key)

_GROUPS: dict[int | None, DocumentGroup] = {int(group): group for group in DocumentGroup}
_LISTED: dict[tuple[DocumentGroup | None, int | None], _Key] = {key: key for key in DOCUMENT_TYPES}
_UNSTATED = frozenset({None, 0, -1})  # SDK-J writes -1 for an absent TypeDetail, older packages 0


def listed(name: str, kind: int | None, detail: int | None) -> _Key | None:
    """Returns the list's entry: by name; by the stated numbers if the name is in both groups or on no list."""
    stated = _stated(kind, detail)
    called = _CALLED.get(matching(name))
    if called:
        if stated in called:
            return stated
        return next((key for key in called if key[0] == kind), called[0])
    return stated


def read_type(place: Place) -> DocumentType:
    place.expect(frozenset({"Type", "TypeDetail", "TypeName"}))
    kind, detail = integer(place, "Type"), integer(place, "TypeDetail")
    name = place.text("TypeName", most=100)
    if name is None:
        key = _stated(kind, detail) or place.refuse("missing-element", "TypeName", at="TypeName")
        name = DOCUMENT_TYPES[key].vi
        place.note("type-named", name, at="TypeName")
        return DocumentType(name=name, group=key[0], number=key[1])
    found = listed(name, kind, detail)
    if found is None:
        place.note("type-unlisted", name, at="TypeName")
        return DocumentType(name=name)
    if kind is not None and (kind, detail) != found and not (kind == found[0] and detail in _UNSTATED):
        place.note("type-code", f"{kind}/{detail if detail is not None else '—'}", at="Type")
    return DocumentType(name=name, group=found[0], number=found[1])


def _stated(kind: int | None, detail: int | None) -> _Key | None:
    group: DocumentGroup | None
    if detail in _UNSTATED:
        # Before the amendment, Type alone was the number in the list of administrative documents.
        group, number = _GROUPS[2], kind if kind and kind > 2 else None
    else:
        group, number = _GROUPS.get(kind), detail
    return _LISTED.get((group, number))
