"""The path of a package, and its business operation: new, revocation, update, replacement."""

from datetime import UTC, datetime

import pytest

from schemas.codes import BusinessType, ReceiverChange
from schemas.document import Business, BusinessUpdate, Document, ReceiverUpdate, Replaced, Staff, Trace
from schemas.edxml import PackageRefused, read
from tests.packages import BUSINESS, DOCUMENT, spoiled


def judged(business: str) -> tuple[Document, list[tuple[str, str]]]:
    package = read(spoiled(DOCUMENT, (BUSINESS, business)))
    assert isinstance(package.item, Document)
    return package.item, [(entry.rule, entry.found) for entry in package.report if entry.rule != "signature-absent"]


def bussiness(inside: str) -> str:
    return f"<edXML:Bussiness>{inside}</edXML:Bussiness>".replace("<_", "<edXML:").replace("</_", "</edXML:")


def code(text: str) -> str:
    return f"<_BussinessDocType>{text}</_BussinessDocType>"


UPDATE = (
    "<_BussinessDocumentInfo><_DocumentInfo>1</_DocumentInfo><_DocumentReceiver>1</_DocumentReceiver><_ReceiverList>"
    "<_Receiver><_OrganId>H41</_OrganId><_ReceiverType>0</_ReceiverType></_Receiver>"
    "<_Receiver><_ReceiverType>1</_ReceiverType><_OrganId>H14</_OrganId></_Receiver>"
    "</_ReceiverList></_BussinessDocumentInfo>"
)
REPLACEMENT = (
    "<_ReplacementInfoList><_ReplacementInfo><_DocumentId>a</_DocumentId>"
    "<_OrganIdList><_OrganId>H41</_OrganId><_OrganId>H14</_OrganId></_OrganIdList></_ReplacementInfo>"
    "<_ReplacementInfo><_DocumentId>b</_DocumentId></_ReplacementInfo></_ReplacementInfoList>"
)


@pytest.mark.parametrize(
    ("inside", "business", "departures"),
    [
        (code("0"), Business(), []),
        (code("00"), Business(), [("business-type-form", "00")]),
        (code("1") + "<_BussinessDocReason>sai</_BussinessDocReason><_DocumentId>a</_DocumentId>",
         Business(type=BusinessType.REVOKE, reason="sai", document_id="a"), []),
        (code("2") + UPDATE,
         Business(type=BusinessType.UPDATE, updates=(BusinessUpdate(
             document_changed=True, receivers_changed=True, receivers=(
                 ReceiverUpdate(agency="H41", change=ReceiverChange.REMOVED),
                 ReceiverUpdate(agency="H14", change=ReceiverChange.ADDED))),)), []),
        (code("2") + "<_BussinessDocumentInfo><_DocumentInfo>1</_DocumentInfo></_BussinessDocumentInfo>",
         Business(type=BusinessType.UPDATE, updates=(BusinessUpdate(document_changed=True),)), []),
        (code("2") + UPDATE.replace("Type>0<", "Type>7<").replace("Type>1<", "Type><"),
         Business(type=BusinessType.UPDATE, updates=(BusinessUpdate(document_changed=True, receivers_changed=True),)),
         [("receiver-dropped", "H41: 7"), ("receiver-dropped", "H14: —")]),
        (code("2") + UPDATE.replace("H41", "").replace("Type>0<", "Type><"),
         Business(type=BusinessType.UPDATE, updates=(BusinessUpdate(
             document_changed=True, receivers_changed=True,
             receivers=(ReceiverUpdate(agency="H14", change=ReceiverChange.ADDED),)),)), []),
        (code("3") + REPLACEMENT,
         Business(type=BusinessType.REPLACE, replaced=(
             Replaced(document_id="a", agencies=("H41", "H14")), Replaced(document_id="b"))), []),
        (code("3") + REPLACEMENT.replace("<_DocumentId>b</_DocumentId>", "").replace(">H14<", "><"),
         Business(type=BusinessType.REPLACE, replaced=(Replaced(document_id="a", agencies=("H41",)),)),
         [("replaced-dropped", "")]),
        ("<_BussinessDocReason>mới</_BussinessDocReason>", Business(reason="mới"), [("business-type-missing", "")]),
        ("<_BussinessDocType></_BussinessDocType>", Business(), []),
        (code("0") + "<_Paper>1</_Paper><_StaffInfo><_Staff>B</_Staff><_Mobile>09</_Mobile></_StaffInfo>",
         Business(paper=True, staff=Staff(name="B", mobile="09")), []),
        (code("0") + "<_Paper>5</_Paper><_StaffInfo/>", Business(), [("bad-flag", "5")]),
    ],
)  # fmt: skip
def test_what_a_package_does(inside: str, business: Business, departures: list[tuple[str, str]]) -> None:
    """Every element of Bussiness finds its field."""
    item, report = judged(bussiness(inside))
    assert (item.business, report) == (business, departures)


@pytest.mark.parametrize(
    ("inside", "rule"),
    [
        (code("4"), "bad-business-type"),
        (code("thu hồi"), "bad-business-type"),
        (code("-1"), "bad-business-type"),
        (code("9" * 5000), "bad-business-type"),
        (UPDATE, "missing-element"),
        (REPLACEMENT, "missing-element"),
        (code("2") + UPDATE.replace("H41", "Hà Nội"), "bad-organ-id"),
        (code("2") + UPDATE.replace("H41", ""), "missing-element"),
        (code("3") + REPLACEMENT.replace("H14", "Hà Nội"), "bad-organ-id"),
    ],
)
def test_what_is_unclear_is_refused(inside: str, rule: str) -> None:
    """A revocation taken for a new document, or a replacement for more agencies than meant, would do harm."""
    with pytest.raises(PackageRefused) as refused:
        judged(bussiness(inside))
    assert refused.value.rule == rule


def test_without_business_a_document_is_new() -> None:
    """Bussiness is optional by the standard."""
    assert judged("")[0].business == Business()


def test_paper_may_stand_in_the_old_place() -> None:
    """Older software writes Paper beside Bussiness; the one inside wins."""
    item, report = judged("<edXML:Paper>1</edXML:Paper>")
    assert (item.business, report) == (Business(paper=True), [("paper-legacy", "")])
    item, _ = judged("<edXML:Paper>1</edXML:Paper>" + bussiness(code("0") + "<_Paper>0</_Paper>"))
    assert item.business == Business(paper=False)


STATION = (
    "<edXML:TraceHeader><edXML:OrganId>{}</edXML:OrganId><edXML:Timestamp>{}</edXML:Timestamp></edXML:TraceHeader>"
)


def test_the_path_is_read_as_it_was_written() -> None:
    """Exchange centres add stations, some without a code; an empty one is left out."""
    item, report = judged(
        STATION.format("null", "2026/01/05 09:30:01")
        + STATION.format("001.00.20.TT2", "2014/02/30 00:00:00")
        + STATION.format("", "")
        + BUSINESS
    )
    assert item.traces == (
        Trace(agency="H49.06", at=datetime(2026, 1, 5, 2, 30, tzinfo=UTC)),
        Trace(at=datetime(2026, 1, 5, 2, 30, 1, tzinfo=UTC)),
        Trace(agency="001.00.20.TT2"),
    )
    assert report == [("null-literal", ""), ("date-dropped", "2014/02/30 00:00:00"), ("trace-empty", "")]


def test_the_path_may_be_absent() -> None:
    """A package without TraceHeaderList is a new document that tells nothing of its way."""
    start, end = DOCUMENT.index("      <edXML:TraceHeaderList>"), DOCUMENT.index("    </edXML:edXMLHeader>")
    item = read((DOCUMENT[:start] + DOCUMENT[end:]).encode()).item
    assert isinstance(item, Document)
    assert (item.traces, item.business) == ((), Business())
