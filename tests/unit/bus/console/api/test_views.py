from dataclasses import replace

import pytest

from bus.console.api.views import DocumentView, HopView, ObligationView, StrangerView
from bus.handling.clocks import TABLE, by_code
from bus.ledger.queries.lifelines import Hop
from bus.ledger.records import ChangedBy
from schemas.codes import BusinessType, Priority, StatusCode
from schemas.docket import DocumentKey
from schemas.values import MessageId
from tests.contract.ledger_rows import NOW, delivery, document, obligation
from tests.unit.bus.console.papers import docket, kept

CLOCKS = by_code(TABLE)
ONE = document(1, "H49", "12/QĐ-UBND")


def test_a_document_that_only_statuses_told_of() -> None:
    """What its docket would say is null, and it says so."""
    told = DocumentView.of(
        replace(ONE, known=False, business=None, code_number=None, issued_on=None, message=None), sees=None
    )
    assert (told.known, told.business, told.code_number, told.issued_on) == (False, None, None, None)


def test_names_in_place_of_numbers() -> None:
    """Of a kind of business and an urgency."""
    told = DocumentView.of(replace(ONE, business=BusinessType.REVOKE, priority=Priority.IMMEDIATE_TIMED), sees=None)
    assert (told.business, told.priority) == ("revoke", "immediate-timed")


@pytest.mark.parametrize(
    ("sees", "told"), [(None, True), ({"H49"}, True), ({"G22"}, True), ({"H53"}, False), (set(), False)]
)
def test_a_change_is_told_to_who_was_sent_it(sees: set[str] | None, told: bool) -> None:
    """And to the sender. Another recipient of the document knows nothing of it; nobody is told who got it."""
    key = DocumentKey(issuer="H49", id="H49,2026/11/02,13/QĐ-UBND")
    changed = ChangedBy(key, BusinessType.REVOKE, NOW, MessageId("m"), ("G22",), None)
    shown = DocumentView.of(replace(ONE, changed_by=(changed,)), sees=sees).changed_by
    assert [each.model_dump() for each in shown] == [
        {"issuer": "H49", "id": key.id, "business": "revoke", "at": NOW}
    ] * told


def test_an_obligation_names_its_article() -> None:
    """One whose clock was taken out of the table since has none."""
    owed = obligation(delivery(ONE, "H53"), "finish", due=-1)
    told = ObligationView.of(owed, CLOCKS, now=NOW)
    assert told.article == CLOCKS["finish"].article
    assert (told.open, told.late) == (True, True)
    assert ObligationView.of(owed, {}, now=NOW).article is None


def test_recipients_of_a_message_that_one_may_know_of() -> None:
    """Each once, in the order of the docket."""
    hop = Hop(kept(1, docket("message-1", "H49", "x", "H53", "G22", "H53"), "genuine"), ())
    assert HopView.of(hop, (), sees=None).recipients == ["H53", "G22"]
    assert HopView.of(hop, (), sees={"G22"}).recipients == ["G22"]


def test_who_was_never_sent_it() -> None:
    """Is told of with what it reported."""
    told = StrangerView.of(delivery(ONE, "H99", StatusCode.ARRIVED))
    assert (told.agency, [each.code for each in told.statuses]) == ("H99", [StatusCode.ARRIVED])
