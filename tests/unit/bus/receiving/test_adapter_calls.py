"""bus/receiving/adapter_calls.py: whatever a stranger's adapter does, each item has its answer."""

from collections.abc import Collection, Mapping, Sequence

import pytest

from bus.errors import DmsAway, NotKept, RefusedByDms
from bus.handling.statuses import Verdict
from bus.ports.adapter import Adapter, Answer, Bounce, Collected, Filed, Filing, Report
from bus.receiving.adapter_calls import ask, shown, tell
from schemas.codes import StatusCode
from schemas.values import MessageId
from tests.scenarios.country import document, status

ITEMS = ("one", "two", "three")


def honest(items: Sequence[str]) -> Sequence[Filed]:
    return [Filed(ref=item) for item in items]


def fails_over_two(items: Sequence[str]) -> Sequence[Filed]:
    if "two" in items:
        raise KeyError("two")
    return honest(items)


def answers_all_but_one(items: Sequence[str]) -> Sequence[Filed]:
    return honest(items)[1:]


def is_away(items: Sequence[str]) -> Sequence[Filed]:
    raise DmsAway(why="down")


@pytest.mark.parametrize(
    ("call", "refs", "why"),
    [
        (honest, ["one", "two", "three"], ""),
        (fails_over_two, ["one", None, "three"], "KeyError"),
        (answers_all_but_one, [None, None, None], "0 answers to 1 items"),
    ],
)
def test_one_answer_each(call: object, refs: list[str | None], why: str) -> None:
    """One bad item is tried later; the others of its batch are filed."""
    answers = ask(call, ITEMS)  # type: ignore[arg-type]
    assert [answer.ref for answer in answers] == refs
    for answer in answers:
        assert isinstance(answer.error, DmsAway) == (answer.ref is None)
        assert answer.error is None or why in str(answer.error)


def test_nothing_is_not_asked() -> None:
    """Even a system that is away has no answer to give for nothing; for something, it says so as a whole."""
    assert ask(is_away, ()) == []
    with pytest.raises(DmsAway):
        ask(is_away, ITEMS)


class Showing(Adapter):
    """Shows the messages it is told to, or fails in its own way."""

    def __init__(self, held: Collection[str] | Exception) -> None:
        self.held = held
        self.asked: list[Mapping[MessageId, str | None]] = []

    def collect(self, limit: int) -> Sequence[Collected]:
        return ()

    def acknowledge(self, answers: Sequence[Answer]) -> None:
        """Nothing was collected."""

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        return ()

    def report(self, reports: Sequence[Report]) -> Sequence[Filed]:
        return ()

    def holds(self, taken: Mapping[MessageId, str | None]) -> Collection[MessageId]:
        self.asked.append(taken)
        if isinstance(self.held, Exception):
            raise self.held
        return [message for message in taken if message in self.held]

    def bounced(self, bounces: Sequence[Bounce]) -> None:
        if isinstance(self.held, Exception):
            raise self.held


SENT = document()
REPORTS = [
    Report(status=status(StatusCode.ARRIVED, SENT, "H49", "G22"), message=MessageId(name), verdict=Verdict.APPLIED)
    for name in ITEMS
]
REFUSED = RefusedByDms(document=SENT.id, why="no")
ANSWERS = [Filed(ref="one"), Filed(ref="two"), Filed(error=REFUSED)]


@pytest.mark.parametrize(
    ("held", "errors"),
    [
        (("one", "two"), [None, None, RefusedByDms]),
        (("one",), [None, NotKept, RefusedByDms]),
        ((), [NotKept, NotKept, RefusedByDms]),
        (LookupError("no index"), [DmsAway, DmsAway, RefusedByDms]),
    ],
    ids=["both", "one", "none", "blind"],
)
def test_a_yes_alone_is_no_proof(held: Collection[str] | Exception, errors: list[type | None]) -> None:
    """What cannot be shown is handed over again; what was refused is not asked for."""
    adapter = Showing(held)
    found = shown(adapter, REPORTS, ANSWERS)
    assert [type(answer.error) if answer.error else None for answer in found] == errors
    assert adapter.asked == [{"one": "one", "two": "two"}]


def test_nothing_taken_is_not_looked_for() -> None:
    """Where all was refused there is nothing to show; a system that is away says so as a whole."""
    adapter = Showing(DmsAway(why="down"))
    refused = [Filed(error=REFUSED)] * 3
    assert shown(adapter, REPORTS, refused) == refused
    assert not adapter.asked
    with pytest.raises(DmsAway):
        shown(adapter, REPORTS, ANSWERS)


def test_a_bounce_that_cannot_be_told_is_told_later() -> None:
    """An adapter's own failure is an answer like any other."""
    assert tell(Showing(()), []) is None
    error = tell(Showing(ValueError("odd")), [])
    assert isinstance(error, DmsAway)
    assert "ValueError" in str(error)
    with pytest.raises(DmsAway):
        tell(Showing(DmsAway(why="down")), [])
