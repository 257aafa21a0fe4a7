"""What events make of a document's lifeline."""

from bus.ledger.fold import fold
from schemas.codes import StatusCode
from tests.unit.bus.ledger.trail import KEY, RULES, Trail, at


def test_a_document_goes_its_way() -> None:
    """Sent, held, arrived, accepted, done: each with its time, and nothing is owed any more."""
    trail = Trail()
    sent = trail.sent("H49", due_on=at(days=3).date())
    line = trail.receipt(sent, "H49", at=at(minutes=1))
    said = [trail.said("H49", code, at=at(hours=hours)) for hours, code in enumerate(("01", "03", "05", "06"), start=1)]
    lifeline = fold(KEY, None, [sent, *said], [line], rules=RULES)
    row = lifeline.deliveries["H49"]
    assert lifeline.document.known
    assert (row.state, row.outcome, row.receipted_at) == (StatusCode.DONE, "held", at(minutes=1))
    met = {each.clock: each.met_by for each in lifeline.obligations}
    assert met == {
        "acknowledge": "01",
        "accept": "03",
        "finish": "06",
    }
