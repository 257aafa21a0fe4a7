"""What events make of a document's lifeline, whatever order they come in."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import chain
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.handling.obligations import Rules
from bus.ledger.counters import counts_of, difference
from bus.ledger.fold import MOST_CONCERNED, concerned, fold, is_same
from bus.ledger.records import DailyKey, DocumentNumber, Event, EventNumber, LedgerReceiptLine, Lifeline
from schemas.codes import BusinessType, Outcome, Priority, StatusCode
from schemas.docket import DocumentKey
from tests.unit.bus.ledger.trail import KEY, MONDAY, RULES, Trail, at, rules


def test_a_document_goes_its_way() -> None:
    """Sent, held, arrived, accepted, done: each with its time, and nothing is owed any more."""
    trail = Trail()
    sent = trail.sent("H49", due_on=at(days=3).date(), priority=Priority.URGENT)
    line = trail.receipt(sent, "H49", at=at(minutes=1))
    said = [trail.said("H49", code, at=at(hours=hours)) for hours, code in enumerate(("01", "03", "05", "06"), start=1)]
    lifeline = fold(KEY, None, [sent, *said], [line], rules=RULES)
    document, row = lifeline.document, lifeline.deliveries["H49"]
    assert document.known
    assert (document.number, document.sent_at, document.priority) == (MOST_CONCERNED, MONDAY, Priority.URGENT)
    assert (row.message, row.mailbox, row.sent_at, row.sender) == ("m1", "box-h49", MONDAY, "G22")
    assert (row.state, row.outcome, row.receipted_at) == (StatusCode.DONE, Outcome.HELD, at(minutes=1))
    assert row.last_at == at(hours=4)
    met = {each.clock: each.met_by for each in lifeline.obligations}
    assert met == {"acknowledge": "01", "accept": "03", "finish": "06"}


def test_a_status_of_a_document_never_seen_is_kept() -> None:
    """It is a row that says so, of which nobody owes anything; what comes later makes it a document."""
    trail = Trail()
    sent = trail.sent("H49")
    said = trail.said("H49", "03", at=at(hours=2))
    before = fold(KEY, None, [said], rules=RULES)
    assert not before.document.known
    assert (before.document.sender, before.document.sent_at) == ("G22", at(hours=2))
    assert before.deliveries["H49"].message is None
    assert before.deliveries["H49"].state is StatusCode.ACCEPTED
    assert before.obligations == ()
    assert counts_of(before) == {}
    assert fold(KEY, before, [sent], rules=RULES) == fold(KEY, None, [sent, said], rules=RULES)


def test_what_nobody_sent_to_an_agency_it_does_not_owe() -> None:
    """A status of an agency that is no recipient is kept beside the others."""
    trail = Trail()
    lifeline = fold(KEY, None, [trail.sent("H49"), trail.said("H26", "03", at=at(hours=1))], rules=RULES)
    assert lifeline.deliveries["H26"].message is None
    assert {each.recipient for each in lifeline.obligations} == {"H49"}


def test_only_its_issuer_sends_a_document() -> None:
    """Another agency's message under its key changes nothing, whoever signed it."""
    trail = Trail()
    sent, forged = trail.sent("H49"), trail.sent("H26", sender="H17", at=at(hours=-1))
    lifeline = fold(KEY, None, [sent, forged], rules=RULES)
    assert lifeline == fold(KEY, None, [sent], rules=RULES)


def test_a_status_is_told_to_the_issuer() -> None:
    """One that somebody else is told is about no handling; and only the issuer takes back."""
    trail = Trail()
    sent = trail.sent("H49")
    elsewhere = trail.said("H49", "03", at=at(hours=1), to="H26")
    taken_back = trail.said("H49", "13", at=at(hours=1), to="H26")
    lifeline = fold(KEY, None, [sent, elsewhere, taken_back], rules=RULES)
    assert lifeline == fold(KEY, None, [sent], rules=RULES)


@pytest.mark.parametrize("spelt", ["G22,2026-03-02,7/VPCP-KSTT", "g22,2026/03/02,7/vpcp-kstt"])
def test_spellings_of_one_id_are_one_document(spelt: str) -> None:
    """Document systems write the date of an id with hyphens, or the letters small (domain pain 13)."""
    other = DocumentKey(issuer="G22", id=spelt)
    assert is_same(KEY, other)
    trail = Trail()
    sent, said = trail.sent("H49"), Trail(key=other, numbers=[9]).said("H49", "03", at=at(hours=1))
    for events in ((sent, said), (said, sent)):
        for key in (KEY, other):
            lifeline = fold(key, None, events, rules=RULES)
            assert lifeline.document.key == KEY
            assert lifeline.deliveries["H49"].state is StatusCode.ACCEPTED


def test_what_a_docket_of_version_2_tells() -> None:
    """Number, notation and date of issue; one of version 1 tells none."""
    document = fold(KEY, None, [Trail().sent("H49", code="7/VPCP-KSTT")], rules=RULES).document
    assert (document.code_number, document.code_notation, document.issued_on) == ("7", "VPCP-KSTT", MONDAY.date())
    assert fold(KEY, None, [Trail().sent("H49")], rules=RULES).document.code_number is None


OTHER = DocumentKey(issuer="G22", id="other")
B = BusinessType


@pytest.mark.parametrize(
    ("business", "names", "keys"),
    [
        (B.NEW, [], [OTHER.id]),
        (B.REVOKE, [KEY.id, OTHER.id], [OTHER.id, KEY.id]),
        (B.REVOKE, [OTHER.id, KEY.id], [OTHER.id]),  # the likeliest is its own
        (B.UPDATE, [KEY.id, "third"], [OTHER.id, KEY.id]),
        (B.REPLACE, [KEY.id, OTHER.id, "third"], [OTHER.id, KEY.id, "third"]),
        (B.REPLACE, [KEY.id, KEY.id.lower()], [OTHER.id, KEY.id]),  # two spellings of one
        (B.REPLACE, [f"d{n}" for n in range(99)], [OTHER.id, *(f"d{n}" for n in range(MOST_CONCERNED - 1))]),
    ],
)
def test_what_an_event_concerns(business: BusinessType, names: list[str], keys: list[str]) -> None:
    """Its own document, the one that it revokes or updates, all those that it replaces."""
    event = Trail(key=OTHER).sent("H49", business=business, changes=names)
    assert [key.id for key in concerned(event.docket)] == keys


def test_documents_of_one_event_have_numbers_of_their_own() -> None:
    """Although it is the first that is heard of each."""
    event = Trail(key=OTHER, numbers=[5]).sent("H49", business=B.REPLACE, changes=[KEY.id, "third"])
    numbers = [fold(key, None, [event], rules=RULES).document.number for key in concerned(event.docket)]
    assert numbers == [5 * MOST_CONCERNED, 5 * MOST_CONCERNED + 1, 5 * MOST_CONCERNED + 2]


def test_what_another_document_changes_is_said_and_asked_there() -> None:
    """A revocation of another id asks its recipients about the document that it names, and nothing about itself."""
    trail = Trail()
    sent = trail.sent("H49", "H26")
    revoked = Trail(key=OTHER, numbers=[8]).sent("H49", at=at(days=1), business=B.REVOKE, changes=[KEY.id])
    line = fold(KEY, None, [sent, revoked], rules=RULES)
    (change,) = line.document.changed_by
    assert (change.key, change.business, change.at, change.recipients) == (OTHER, B.REVOKE, at(days=1), ("H49",))
    assert {agency: row.change for agency, row in line.deliveries.items()} == {"H49": "revocation", "H26": "none"}
    assert [row.recipient for row in line.obligations if row.clock == "change"] == ["H49"]
    itself = fold(OTHER, None, [revoked], rules=RULES)
    assert itself.document.changes == (KEY,)
    assert itself.obligations == ()


def test_one_that_is_replaced_need_not_be_finished() -> None:
    """The new one's due day counts."""
    sent = Trail().sent("H49", due_on=date(2026, 3, 6))
    new = Trail(key=OTHER, numbers=[8]).sent("H49", at=at(days=1), business=B.REPLACE, changes=[KEY.id])
    owed = {row.clock: row.void_why for row in fold(KEY, None, [sent, new], rules=RULES).obligations}
    assert owed == {"acknowledge": None, "finish": "replaced"}
    assert [row.clock for row in fold(OTHER, None, [new], rules=RULES).obligations] == ["acknowledge"]


def test_of_a_batch_sealed_at_one_moment_the_codes_tell_the_order() -> None:
    """03 and 05 have the same time, and 05 is where it stands."""
    trail = Trail()
    sent = trail.sent("H49")
    later, sooner = trail.said("H49", "05", at=at(hours=1)), trail.said("H49", "03", at=at(hours=1))
    lifeline = fold(KEY, None, [sent, later, sooner], rules=RULES)
    assert lifeline.deliveries["H49"].state is StatusCode.IN_PROGRESS


def test_no_lifeline_out_of_nothing() -> None:
    """There must be an event, or a lifeline."""
    with pytest.raises(ValueError, match="neither"):
        fold(KEY, None, [], rules=RULES)


def test_what_nothing_was_heard_of_is_handed_on() -> None:
    """The same objects: a circular to thousands costs what changes of it."""
    trail = Trail()
    before = fold(KEY, None, [trail.sent("H49", "H26")], rules=RULES)
    after = fold(KEY, before, [trail.said("H49", "01", at=at(hours=1))], rules=RULES)
    assert after.deliveries["H26"] is before.deliveries["H26"]
    assert after.deliveries["H49"] is not before.deliveries["H49"]
    kept = [row for row in after.obligations if row.recipient == "H26"]
    assert [row for row in before.obligations if row.recipient == "H26"] == kept


# -- in any order ------------------------------------------------------------------------------------------------------

AGENCIES = ("H08", "H21", "H49")
CLOSED = rules(H08=(date(2026, 3, 4), "H21"))
_hours = st.integers(min_value=-5, max_value=150)
_codes = st.sampled_from([code.value for code in StatusCode])
_sent = st.tuples(
    st.lists(st.sampled_from(AGENCIES), min_size=1, unique=True),
    _hours,
    st.sampled_from([BusinessType.NEW, BusinessType.NEW, BusinessType.UPDATE, BusinessType.REVOKE]),
    st.none() | st.dates(date(2026, 2, 27), date(2026, 3, 20)),
    st.lists(st.tuples(_hours, st.none() | st.just("too-large")), max_size=2),
)
_changed = st.tuples(
    st.lists(st.sampled_from(AGENCIES), min_size=1, unique=True),
    _hours,
    st.sampled_from([BusinessType.UPDATE, BusinessType.REVOKE, BusinessType.REPLACE]),
    st.none() | st.dates(date(2026, 2, 27), date(2026, 3, 20)),
)
_said = st.tuples(st.sampled_from(AGENCIES), _codes, _hours)


class Told:
    """Events and lines of one document, as a ledger comes to read them."""

    def __init__(
        self,
        sent: Sequence[tuple[list[str], int, BusinessType, date | None, list[tuple[int, str | None]]]],
        changed: Sequence[tuple[list[str], int, BusinessType, date | None]],
        said: Sequence[tuple[str, str, int]],
    ) -> None:
        trail = Trail()
        self.items: list[Event | LedgerReceiptLine] = []
        for recipients, hours, business, due_on, receipts in sent:
            event = trail.sent(*recipients, at=at(hours=hours), business=business, due_on=due_on)
            self.items.append(event)
            self.items += [
                trail.receipt(event, agency, at=at(hours=hours + later), refused=refused)
                for agency in recipients
                for later, refused in receipts
            ]
        trail.key = OTHER
        self.items += [
            trail.sent(*recipients, at=at(hours=hours), business=business, due_on=due_on, changes=[KEY.id])
            for recipients, hours, business, due_on in changed
        ]
        trail.key = KEY
        self.items += [trail.said(agency, code, at=at(hours=hours)) for agency, code, hours in said]

    def whole(self, rules: Rules) -> Lifeline:
        events = [each for each in self.items if isinstance(each, Event)]
        lines = [each for each in self.items if isinstance(each, LedgerReceiptLine)]
        return fold(KEY, None, events, lines, rules=rules)


_told = st.builds(
    Told, st.lists(_sent, max_size=4), st.lists(_changed, max_size=2), st.lists(_said, max_size=8)
).filter(lambda told: any(isinstance(each, Event) for each in told.items))


class Reader:
    """Folds batch after batch, and gives lines that came before their message again: what an ingest does."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.lifeline: Lifeline | None = None
        self.daily: dict[DailyKey, int] = {}
        self._lines: list[LedgerReceiptLine] = []

    def take(self, batch: Sequence[Event | LedgerReceiptLine]) -> None:
        events = [each for each in batch if isinstance(each, Event)]
        lines = [each for each in batch if isinstance(each, LedgerReceiptLine)]
        self._lines += lines
        came = {each.docket.id for each in events}
        lines += [each for each in self._lines if each.message in came]
        if events or self.lifeline:
            before = self.lifeline
            self.lifeline = fold(KEY, before, events, lines, rules=self.rules)
            for key, amount in difference(before, self.lifeline).items():
                self.daily[key] = self.daily.get(key, 0) + amount


@settings(deadline=None, max_examples=100)
@given(_told, st.data(), st.sampled_from([RULES, CLOSED]))
def test_any_order_any_repetition_any_batches(told: Told, data: st.DataObject, rules: Rules) -> None:
    """The lifeline and its counters are a function of the set of events."""
    again = data.draw(st.lists(st.sampled_from(told.items), max_size=3))
    order = data.draw(st.permutations([*told.items, *again]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=4)))
    reader = Reader(rules)
    for begin, end in zip((0, *cuts), (*cuts, len(order)), strict=True):
        reader.take(order[begin:end])
    whole = told.whole(rules)
    assert reader.lifeline == whole
    assert {key: amount for key, amount in reader.daily.items() if amount} == dict(counts_of(whole))


@settings(deadline=None, max_examples=30)
@given(_told, st.randoms(use_true_random=False))
def test_it_does_not_matter_who_was_read_first(told: Told, random: Random) -> None:
    """Events are numbered as they are read: another broker's order gives the same lifeline but for those numbers."""
    numbers = [each.number for each in told.items if isinstance(each, Event)]
    fresh = dict(zip(numbers, random.sample(numbers, len(numbers)), strict=True))
    other = [replace(each, number=fresh[each.number]) for each in told.items if isinstance(each, Event)]
    lines = [each for each in told.items if isinstance(each, LedgerReceiptLine)]
    assert _unnumbered(fold(KEY, None, other, lines, rules=CLOSED)) == _unnumbered(told.whole(CLOSED))


def _unnumbered(lifeline: Lifeline) -> Lifeline:
    none, nothing = DocumentNumber(0), EventNumber(0)
    return Lifeline(
        document=replace(lifeline.document, number=none),
        deliveries={
            agency: replace(row, document=none, statuses=tuple(each._replace(event=nothing) for each in row.statuses))
            for agency, row in lifeline.deliveries.items()
        },
        obligations=tuple(replace(row, document=none) for row in lifeline.obligations),
    )


@settings(deadline=None, max_examples=30)
@given(_told)
def test_what_is_owed_is_met_void_or_open(told: Told) -> None:
    """Never two of them; each clock at most once a recipient; only of recipients."""
    lifeline = told.whole(CLOSED)
    rows = lifeline.obligations
    assert len({(row.recipient, row.clock) for row in rows}) == len(rows)
    for row in rows:
        assert [row.is_open, row.met_at is not None, row.void_at is not None].count(True) == 1
        assert lifeline.deliveries[row.recipient].message is not None
    recipients = set(chain.from_iterable(each.docket.recipients for each in told.items if isinstance(each, Event)))
    assert {agency for agency, row in lifeline.deliveries.items() if row.message} <= {
        each.agency for each in recipients
    }
