"""Readers of the blocks that documents and statuses share, and of blocks that occur once: agencies, people, references.
edxml §7"""

from typing import Any

from schemas.agency import Party
from schemas.document import Reference, Signer, Staff
from schemas.edxml.fields import agency_code, amount, day, document_id, flag, one_line, priority, required_code
from schemas.edxml.place import Place

_PARTY: tuple[tuple[str, str, int], ...] = (
    # field, element, length of the standard (0: none known)
    ("name", "OrganName", 200),
    ("in_charge", "OrganizationInCharge", 0),
    ("address", "OrganAdd", 250),
    ("email", "Email", 100),
    ("telephone", "Telephone", 20),
    ("fax", "Fax", 20),
    ("website", "Website", 100),
)
_PARTY_KNOWN = frozenset({"OrganId", *(element for _, element, _ in _PARTY)})
_STAFF = (
    ("department", "Department"),
    ("department_id", "DepartmentId"),
    ("name", "Staff"),
    ("staff_id", "StaffId"),
    ("email", "Email"),
    ("mobile", "Mobile"),
)
_STAFF_KNOWN = frozenset(element for _, element in _STAFF)
_OTHER_KNOWN = frozenset(
    {
        *("Priority", "SphereOfPromulgation", "TyperNotation", "PromulgationAmount", "PageAmount", "ReplyFors"),
        *("Direction", "ReferenceCodes", "Appendixes", "Secret"),
    }
)


def party(place: Place) -> Party:
    place.expect(_PARTY_KNOWN)
    return Party(
        code=required_code(place, "OrganId"),
        **{field: place.text(element, most=most) for field, element, most in _PARTY},
    )


def is_blank(place: Place) -> bool:
    """Returns whether a block holds only empty elements; such a block counts as absent."""
    return not place.element.text.strip() and not any(
        child.text.strip() or child.children for named in place.element.children.values() for child in named
    )


def staff(place: Place | None) -> Staff | None:
    if place is None:
        return None
    place.expect(_STAFF_KNOWN)
    filled = {field: value for field, element in _STAFF if (value := place.text(element))}
    return Staff(**filled) if filled else None


def signer(place: Place | None) -> Signer | None:
    if place is None:
        return None
    place.expect(frozenset({"Competence", "Position", "FullName"}))
    found = Signer(
        competence=place.text("Competence"),
        position=place.text("Position", most=100),
        full_name=place.text("FullName", most=50),
    )
    return found if found != Signer() else None


def reference(place: Place) -> Reference | None:
    """Returns one ResponseFor of a document; None if it is empty. Its writer may not know the agency's code: an invalid
    code is left out. edxml §7.6"""
    place.expect(frozenset({"OrganId", "Code", "DocumentId", "PromulgationDate"}))
    found = Reference(
        agency=agency_code(place, "OrganId", otherwise="reference-code-dropped"),
        code=one_line(place, "Code"),
        document_id=document_id(place, "DocumentId"),
        issued_on=day(place, "PromulgationDate"),
    )
    return found if found != Reference() else None


def texts(place: Place | None, name: str, *, most: int = 0) -> tuple[str, ...]:
    """Returns the texts of a repeated child element, without empty ones."""
    if place is None:
        return ()
    place.expect(frozenset({name}))
    return tuple(value for each in place.all(name) if (value := each.text(most=most)))


def other_information(place: Place | None) -> dict[str, Any]:
    """Returns the fields of a Document that OtherInfo holds, by name."""
    if place is None:
        return {}
    place.expect(_OTHER_KNOWN)
    return {
        "priority": priority(place, "Priority"),
        "sphere": place.text("SphereOfPromulgation", most=100),
        "typist": place.text("TyperNotation", most=10),
        "copies": amount(place, "PromulgationAmount"),
        "pages": amount(place, "PageAmount"),
        "reply_for": place.text("ReplyFors"),
        "is_steering": flag(place, "Direction") or False,
        "reference_codes": place.text("ReferenceCodes"),
        "appendices": texts(place.one("Appendixes"), "Appendix"),
    }
