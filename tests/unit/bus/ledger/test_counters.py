"""What a document counts for, and how long things took."""

from datetime import date, timedelta

import pytest

from bus.ledger.counters import BOUNDS, bucket, counts_of, difference, percentile
from bus.ledger.fold import fold
from bus.ledger.records import DailyKey
from schemas.codes import BusinessType
from schemas.values import AgencyCode
from tests.unit.bus.ledger.trail import KEY, RULES, Trail, at

DAY = date(2026, 3, 2)


def test_a_document_on_its_way_counts_where_it_stands() -> None:
    """Of the sender, of each recipient, and of whoever owed something; all on the day of its sending."""
    trail = Trail()
    sent = trail.sent("H49", "H26", due_on=date(2026, 3, 3))
    lines = [trail.receipt(sent, "H49", at=at(seconds=3)), trail.receipt(sent, "H26", at=at(), refused="bad-seal")]
    said = [trail.said("H49", code, at=at(days=n)) for n, code in enumerate(("01", "03", "06"))]
    counted = counts_of(fold(KEY, None, [sent, *said], lines, rules=RULES))
    assert {(key.agency, key.measure, key.detail) for key in counted if not key.measure.startswith("stage")} == {
        ("G22", "sent", ""),
        ("G22", "sent.new", ""),
        ("G22", "sent.to", ""),
        ("G22", "sent.refused", "bad-seal"),
        ("H26", "received", ""),
        ("H26", "refused", "bad-seal"),
        ("H26", "void", "acknowledge"),
        ("H26", "void", "finish"),
        ("H49", "received", ""),
        ("H49", "receipted", ""),
        ("H49", "accepted", ""),
        ("H49", "done", ""),
        ("H49", "met.on-time", "acknowledge"),
        ("H49", "met.on-time", "accept"),
        ("H49", "met.late", "finish"),
    }
    assert {key.day for key in counted} == {DAY}
    stages = {key.detail.partition(":")[0] for key in counted if key.measure == "stage"}
    assert stages == {"sent-receipt", "sent-01", "01-03", "03-06", "sent-06"}
    assert sum(amount for key, amount in counted.items() if key.measure == "sent.to") == 2


@pytest.mark.parametrize(
    ("codes", "agency", "measure", "detail"),
    [
        (["02"], "H49", "refused", "02"),
        (["02"], "G22", "sent.refused", "02"),
        (["03", "13", "15"], "G22", "revoked", ""),
        (["13", "15"], "H49", "met.on-time", "change"),
        (["05"], "H49", "accepted", ""),
    ],
)
def test_what_a_status_counts_for(codes: list[str], agency: str, measure: str, detail: str) -> None:
    """By where the document stands after it."""
    trail = Trail()
    events = [trail.sent("H49"), *(trail.said("H49", code, at=at(hours=n)) for n, code in enumerate(codes))]
    counted = counts_of(fold(KEY, None, events, rules=RULES))
    assert [amount for key, amount in counted.items() if key == (DAY, agency, measure, detail)] == [1]


def test_a_change_under_the_same_id_is_a_message_of_its_own() -> None:
    """Counted once as sent, once for each whom it was sent to, on its own day."""
    trail = Trail()
    sent = trail.sent("H49", "H26")
    revoked = trail.sent("H49", "H26", at=at(days=2), business=BusinessType.REVOKE)
    counted = counts_of(fold(KEY, None, [sent, revoked], rules=RULES))
    later = {(key.agency, key.measure): amount for key, amount in counted.items() if key.day == date(2026, 3, 4)}
    assert later == {
        ("G22", "sent"): 1,
        ("G22", "sent.revoke"): 1,
        ("G22", "sent.to"): 2,
        ("G22", "sent.to.revoke"): 2,
        ("H26", "received"): 1,
        ("H26", "received.revoke"): 1,
        ("H49", "received"): 1,
        ("H49", "received.revoke"): 1,
    }


def test_a_change_counts_once_more_under_its_kind() -> None:
    """Whatever is counted of it but `sent`, which has its kinds anyway."""
    trail = Trail()
    said = [trail.said("H49", code, at=at(hours=n)) for n, code in enumerate(("01", "03", "06", "15"), 1)]
    counted = counts_of(fold(KEY, None, [trail.sent("H49", business=BusinessType.UPDATE), *said], rules=RULES))
    of_kind = {key: amount for key, amount in counted.items() if key.measure.endswith(".update")}
    plain = {key: amount for key, amount in counted.items() if key not in of_kind and key.measure != "sent"}
    assert {key.measure for key in plain} >= {"sent.to", "received", "accepted", "done", "met.on-time", "stage"}
    assert of_kind == {
        **{key._replace(measure=f"{key.measure}.update"): amount for key, amount in plain.items()},
        DailyKey(DAY, AgencyCode("G22"), "sent.update"): 1,
    }


def test_a_document_sent_again_is_one_document() -> None:
    """However many messages carried it."""
    trail = Trail()
    again = fold(KEY, None, [trail.sent("H49"), trail.sent("H49", at=at(days=1))], rules=RULES)
    assert sum(amount for key, amount in counts_of(again).items() if key.measure in {"sent", "received"}) == 2


def test_only_the_difference_is_added() -> None:
    """What was counted and is otherwise now is taken back."""
    trail = Trail()
    before = fold(KEY, None, [trail.sent("H49"), trail.said("H49", "02", at=at(hours=1))], rules=RULES)
    after = fold(KEY, before, [trail.said("H49", "03", at=at(minutes=1))], rules=RULES)
    added = difference(before, after)
    assert added[DailyKey(DAY, AgencyCode("H49"), "refused", "02")] == -1
    assert added[DailyKey(DAY, AgencyCode("H49"), "accepted")] == 1
    assert (DAY, "G22", "sent", "") not in added
    assert difference(after, after) == {}


@pytest.mark.parametrize(
    ("seconds", "number"), [(-5, 0), (0, 0), (1, 0), (1.5, 1), (2, 1), (3600, BOUNDS.index(3600)), (10**9, len(BOUNDS))]
)
def test_a_duration_lies_in_one_bucket(seconds: float, number: int) -> None:
    """Its upper end is within; what ended before it began took no time."""
    assert bucket(timedelta(seconds=seconds)) == number


def test_the_ends_of_the_buckets_go_up() -> None:
    """Each is larger than the one before."""
    assert list(BOUNDS) == sorted(set(BOUNDS))


def test_percentiles_come_from_the_buckets() -> None:
    """In proportion within one; nothing of nothing, and no more than is known of the last one."""
    hour, two = BOUNDS.index(3600), BOUNDS.index(7200)
    assert percentile({}, 0.5) is None
    assert percentile({two: 4}, 0.5) == timedelta(hours=1.5)
    assert percentile({hour: 95, two: 5}, 0.95) == timedelta(hours=1)
    assert percentile({0: 1}, 1) == timedelta(seconds=1)
    assert percentile({len(BOUNDS): 1}, 0.5) == timedelta(days=365)
