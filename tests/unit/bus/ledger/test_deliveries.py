"""What follows from what was said to and by each recipient."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pytest

from bus.handling.statuses import Change
from bus.ledger.deliveries import MOST_CARRIED, MOST_OF_A_CODE
from bus.ledger.fold import fold
from bus.ledger.records import Event, LedgerReceiptLine, Lifeline, ObligationRow
from schemas.codes import BusinessType, Outcome, StatusCode
from tests.unit.bus.ledger.trail import KEY, RULES, Trail, at, rules

S = StatusCode


def lifeline(events: Sequence[Event], lines: Sequence[LedgerReceiptLine] = ()) -> Lifeline:
    return fold(KEY, None, events, lines, rules=RULES)


def owed(line: Lifeline, clock: str, recipient: str = "H49") -> ObligationRow | None:
    return next((row for row in line.obligations if (row.clock, row.recipient) == (clock, recipient)), None)


def met(line: Lifeline, clock: str) -> str | None:
    row = owed(line, clock)
    assert row
    return row.met_by


# -- receipts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "outcome", "hours"),
    [
        ([(1, None)], Outcome.HELD, 1),
        ([(1, "too-large")], Outcome.REFUSED, 1),
        ([(2, None), (1, None)], Outcome.HELD, 1),
        ([(1, "too-large"), (2, None)], Outcome.HELD, 2),  # an operator there released it
        ([(1, None), (2, "too-large")], Outcome.HELD, 1),
    ],
)
def test_of_several_receipts_the_one_that_holds_it_counts(
    lines: list[tuple[int, str | None]], outcome: Outcome, hours: int
) -> None:
    """Then the first."""
    trail = Trail()
    sent = trail.sent("H49")
    told = [trail.receipt(sent, "H49", at=at(hours=later), refused=refused) for later, refused in lines]
    row = lifeline([sent], told).deliveries["H49"]
    assert (row.outcome, row.receipted_at) == (outcome, at(hours=hours))


def test_a_receipt_is_of_the_mailbox_that_gave_it() -> None:
    """Another recipient's says nothing of this one."""
    trail = Trail()
    sent = trail.sent("H49", "H26")
    line = lifeline([sent], [trail.receipt(sent, "H26", at=at(hours=1))])
    assert [line.deliveries[agency].outcome for agency in ("H49", "H26")] == [None, Outcome.HELD]


def test_a_receipt_begins_the_clock_of_acceptance() -> None:
    """Whoever holds it has it, and its document system may never say 01."""
    trail = Trail()
    sent = trail.sent("H49")
    line = lifeline([sent], [trail.receipt(sent, "H49", at=at(hours=1))])
    accept = owed(line, "accept")
    assert accept
    assert accept.started_at == at(hours=1)


def test_what_a_mailbox_refused_nobody_there_owes() -> None:
    """Its obligations are void since then; the code is kept."""
    trail = Trail()
    sent = trail.sent("H49", due_on=date(2026, 3, 6))
    line = lifeline([sent], [trail.receipt(sent, "H49", at=at(hours=1), refused="bad-seal")])
    assert line.deliveries["H49"].refusal == "bad-seal"
    assert {(row.clock, row.void_why, row.void_at) for row in line.obligations} == {
        ("acknowledge", "unreached", at(hours=1)),
        ("finish", "unreached", at(hours=1)),
    }


def test_one_that_is_sent_again_after_a_refusal_is_waited_for() -> None:
    """No answer to it is no refusal; what is owed begins with it."""
    trail = Trail()
    first, second = trail.sent("H49"), trail.sent("H49", at=at(days=1))
    refused = trail.receipt(first, "H49", at=at(hours=1), refused="bad-seal")
    line = lifeline([first, second], [refused])
    acknowledge = owed(line, "acknowledge")
    assert line.deliveries["H49"].outcome is None
    assert acknowledge
    assert (acknowledge.started_at, acknowledge.is_open) == (at(days=1), True)
    held = trail.receipt(second, "H49", at=at(days=1, hours=1))
    assert lifeline([first, second], [refused, held]).deliveries["H49"].outcome is Outcome.HELD


# -- handling ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """What came, hour by hour; where it stands then, and what is met by what."""

    came: Sequence[str]
    state: str | None
    met: dict[str, str | None]
    change: Change = Change.NONE
    withdrawn: bool = False


WAYS = {
    "nothing": Way([], None, {"acknowledge": None}),
    "arrived": Way(["01"], "01", {"acknowledge": "01", "accept": None}),
    "accepted": Way(["01", "03"], "03", {"acknowledge": "01", "accept": "03"}),
    "the 01 was lost": Way(["03"], "03", {"acknowledge": "03", "accept": "03"}),
    "the 01 comes late": Way(["03", "01"], "03", {"acknowledge": "03", "accept": "03"}),
    "refused": Way(["01", "02"], "02", {"acknowledge": "01", "accept": "02"}),
    "done after it was refused: must not be": Way(["02", "06"], "02", {"acknowledge": "02", "accept": "02"}),
    "refused after it was accepted: must not be": Way(["03", "02"], "03", {"acknowledge": "03", "accept": "03"}),
    "taken back, no answer": Way(["01", "13"], "01", {"accept": None, "change": None}, Change.TAKE_BACK),
    "taken back": Way(["01", "13", "15"], "01", {"accept": None, "change": "15"}, Change.AGREED, True),
    "not given back": Way(["01", "13", "16"], "01", {"accept": None, "change": "16"}, Change.REFUSED),
    "asked twice": Way(["01", "13", "16", "13"], "01", {"change": None}, Change.TAKE_BACK),
    "answered without a question": Way(["01", "15"], "01", {"accept": None}),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_where_it_stands_and_what_is_met(way: Way) -> None:
    """By the tables of statuses and of clocks."""
    trail = Trail()
    events = [trail.sent("H49"), *(trail.said("H49", code, at=at(hours=1 + n)) for n, code in enumerate(way.came))]
    line = lifeline(events)
    row = line.deliveries["H49"]
    assert (row.state, row.change, row.withdrawn) == (way.state, way.change, way.withdrawn)
    assert {clock: met(line, clock) for clock in way.met} == way.met
    assert [heard.code for heard in row.statuses] == list(way.came)


def test_what_was_given_back_is_not_owed_any_more() -> None:
    """From the answer on."""
    trail = Trail()
    codes = ["01", "13", "15"]
    events = [
        trail.sent("H49", due_on=date(2026, 3, 6)),
        *(trail.said("H49", code, at=at(hours=1 + hour)) for hour, code in enumerate(codes)),
    ]
    void = {row.clock: (row.void_at, row.void_why) for row in lifeline(events).obligations if row.void_at}
    assert void == {"accept": (at(hours=3), "withdrawn"), "finish": (at(hours=3), "withdrawn")}


def test_one_that_was_refused_begins_again_when_it_is_corrected() -> None:
    """Under its id, as another message: what is owed is owed anew. One that goes on goes on where it stood."""
    trail = Trail()
    sent, refused = trail.sent("H49"), trail.said("H49", "02", at=at(hours=1))
    again = trail.sent("H49", at=at(days=1), due_on=date(2026, 3, 9))
    line = lifeline([sent, refused, again])
    assert line.deliveries["H49"].state is None
    assert {row.clock: row.is_open for row in line.obligations} == {"acknowledge": True, "finish": True}
    on = lifeline([sent, trail.said("H49", "03", at=at(hours=1)), again])
    assert on.deliveries["H49"].state is S.ACCEPTED
    assert owed(on, "finish") is None


# -- changes under its own id ------------------------------------------------------------------------------------------


def test_a_revocation_waits_for_an_answer() -> None:
    """03 and 02 answer one where the document was taken up: some systems know no others."""
    trail = Trail()
    sent, taken_up = trail.sent("H49"), trail.said("H49", "03", at=at(hours=1))
    revoked = trail.sent("H49", at=at(days=1), business=BusinessType.REVOKE)
    asked = lifeline([sent, taken_up, revoked])
    assert asked.document.business is BusinessType.NEW
    assert asked.deliveries["H49"].change is Change.REVOCATION
    change = owed(asked, "change")
    assert change
    assert (change.started_at, change.due_at, change.is_open) == (at(days=1), None, True)
    agreed = lifeline([sent, taken_up, revoked, trail.said("H49", "03", at=at(days=2))])
    assert agreed.deliveries["H49"].withdrawn
    assert met(agreed, "change") == "03"


def test_an_update_may_name_another_due_day() -> None:
    """For those whom it was sent to."""
    trail = Trail()
    sent = trail.sent("H49", "H26", due_on=date(2026, 3, 6))
    updated = trail.sent("H49", at=at(days=1), business=BusinessType.UPDATE, due_on=date(2026, 3, 9))
    line = lifeline([sent, updated])
    due = {row.recipient: row.due_at for row in line.obligations if row.clock == "finish"}
    assert due == {"H49": _midnight(10), "H26": _midnight(7)}


def test_of_a_change_whose_document_was_never_seen_only_an_answer_is_owed() -> None:
    """The ledger may have begun after it."""
    trail = Trail()
    line = lifeline([trail.sent("H49", business=BusinessType.REVOKE)])
    assert line.deliveries["H49"].change is Change.REVOCATION
    assert [row.clock for row in line.obligations] == ["change"]


def test_a_due_day_that_is_none_is_no_due_day() -> None:
    """Document systems write 0001-01-01 where nothing is due."""
    line = lifeline([Trail().sent("H49", due_on=date(1900, 1, 1))])
    assert line.document.due_on is None
    assert owed(line, "finish") is None


# -- mergers -----------------------------------------------------------------------------------------------------------

MERGED = rules(H08=(date(2026, 3, 4), "H21"))


def test_a_successor_answers_for_those_it_succeeds() -> None:
    """In its own name, from the day on which it stands for them; what is met by then it does not owe."""
    trail = Trail()
    events = [
        trail.sent("H08"),
        trail.said("H08", "01", at=at(hours=1)),
        trail.said("H21", "02", at=at(hours=2)),  # says nothing of H08's: it is not its successor yet
        trail.said("H21", "03", at=at(days=3)),
    ]
    line = fold(KEY, None, events, rules=MERGED)
    assert line.deliveries["H08"].state is S.ACCEPTED
    assert line.deliveries["H21"].message is None
    assert {(row.clock, row.debtor, row.passed_to, row.met_by) for row in line.obligations} == {
        ("acknowledge", "H08", None, "01"),
        ("accept", "H21", "H21", "03"),
    }


# -- bounds ------------------------------------------------------------------------------------------------------------


def test_a_lifeline_has_bounds() -> None:
    """Whoever sends a thousand statuses, or messages under one id, makes a ledger no slower than for sixteen."""
    trail = Trail()
    events = [trail.sent("H49", at=at(minutes=n)) for n in range(MOST_CARRIED + 9)]
    events += [trail.said("H49", "05", at=at(hours=9, minutes=n)) for n in range(MOST_OF_A_CODE + 9)]
    row = lifeline(events[::-1]).deliveries["H49"]
    assert [carried.at for carried in row.carried] == [at(minutes=n) for n in range(MOST_CARRIED)]
    assert [heard.at for heard in row.statuses] == [at(hours=9, minutes=n) for n in range(MOST_OF_A_CODE)]


def _midnight(day: int) -> datetime:
    return datetime(2026, 3, day, tzinfo=at().tzinfo)
