"""TraceHeaderList -> the stations of the path, and the business operation of the package (Bussiness). edxml
§7.7–§7.9"""

from schemas.codes import BusinessType, ReceiverChange
from schemas.document import Business, BusinessUpdate, ReceiverUpdate, Replaced, Trace
from schemas.edxml.blocks import is_blank, staff
from schemas.edxml.fields import agency_code, document_id, flag, moment, required_code
from schemas.edxml.place import Place

_BUSINESS = frozenset(
    {
        *("DocumentId", "BussinessDocType", "BussinessDocReason", "Paper", "BussinessDocumentInfo"),
        *("ReplacementInfoList", "StaffInfo"),
    }
)

_TYPES = {str(int(kind)): kind for kind in BusinessType}
_CHANGES = {str(int(change)): change for change in ReceiverChange}


def traces(place: Place | None) -> tuple[Trace, ...]:
    """Returns the stations of the path, as they wrote themselves: a code is not checked, an impossible time is left
    out."""
    if place is None:
        return ()
    place.expect(frozenset({"TraceHeader", "Bussiness", "Paper"}))
    return tuple(trace for each in place.all("TraceHeader") if (trace := _trace(each)))


def business(place: Place | None) -> Business:
    if place is None:
        return Business()
    paper = flag(place, "Paper")
    if paper is not None:
        place.note("paper-legacy", at="Paper")
    found = place.one("Bussiness")
    if found is None or is_blank(found):
        return Business(paper=paper)
    found.expect(_BUSINESS)
    updates = tuple(_update(each) for each in found.all("BussinessDocumentInfo") if not is_blank(each))
    replacements = found.one("ReplacementInfoList")
    own_paper = flag(found, "Paper")
    return Business(
        type=_business_type(found, acts=bool(updates or (replacements and not is_blank(replacements)))),
        reason=found.text("BussinessDocReason"),
        document_id=document_id(found, "DocumentId"),
        paper=paper if own_paper is None else own_paper,
        updates=updates,
        replaced=_replaced(replacements),
        staff=staff(found.one("StaffInfo")),
    )


def _trace(place: Place) -> Trace | None:
    place.expect(frozenset({"OrganId", "Timestamp"}))
    found = Trace(agency=place.text("OrganId"), at=moment(place, "Timestamp"))
    if found == Trace():
        place.note("trace-empty")
        return None
    return found


def _business_type(place: Place, *, acts: bool) -> BusinessType:
    """Returns the business type. An unclear one is refused: a revocation must never be taken for a new document. edxml
    §7.8"""
    name = "BussinessDocType"
    value = place.raw(name)
    if value is None:
        if acts:
            place.missing(name)
        place.note("business-type-missing", at=name)
        return BusinessType.NEW
    found = _TYPES.get(value.lstrip("0") or "0")
    if found is None:
        place.refuse("bad-business-type", value, at=name)
    if len(value) > 1:
        place.note("business-type-form", value, at=name)
    return found


def _update(place: Place) -> BusinessUpdate:
    place.expect(frozenset({"DocumentInfo", "DocumentReceiver", "ReceiverList"}))
    receivers = place.one("ReceiverList")
    if receivers:
        receivers.expect(frozenset({"Receiver"}))
    return BusinessUpdate(
        document_changed=flag(place, "DocumentInfo") or False,
        receivers_changed=flag(place, "DocumentReceiver") or False,
        receivers=tuple(
            update for each in (receivers.all("Receiver") if receivers else ()) if (update := _receiver(each))
        ),
    )


def _receiver(place: Place) -> ReceiverUpdate | None:
    place.expect(frozenset({"OrganId", "ReceiverType"}))
    if is_blank(place):
        return None
    code = required_code(place, "OrganId")
    change = place.raw("ReceiverType") or "—"
    if change not in _CHANGES:
        place.note("receiver-dropped", f"{code}: {change}")
        return None
    return ReceiverUpdate(agency=code, change=_CHANGES[change])


def _replaced(place: Place | None) -> tuple[Replaced, ...]:
    if place is None:
        return ()
    place.expect(frozenset({"ReplacementInfo"}))
    return tuple(found for each in place.all("ReplacementInfo") if (found := _replacement(each)))


def _replacement(place: Place) -> Replaced | None:
    place.expect(frozenset({"DocumentId", "OrganIdList"}))
    replaced_id = document_id(place, "DocumentId")
    if replaced_id is None:
        place.note("replaced-dropped")
        return None
    agencies = place.one("OrganIdList")
    if agencies is None:
        return Replaced(document_id=replaced_id)
    agencies.expect(frozenset({"OrganId"}))
    # An unreadable code is refused: left out, the replacement would apply to more than was meant.
    codes = (agency_code(each, "") for each in agencies.all("OrganId"))
    return Replaced(document_id=replaced_id, agencies=tuple(code for code in codes if code))
