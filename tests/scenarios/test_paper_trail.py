"""The documents of the benchmark are what the ledger itself would have made of the messages that came."""

from collections import Counter
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import select

from bus.ledger import keep
from bus.ledger.counters import counts_of
from bus.ledger.fold import fold
from bus.ledger.folded import fold as folded
from bus.ledger.open import open_ledger
from bus.ledger.records import DailyKey, EventNumber
from bus.ledger.store import Ledger
from bus.ledger.tables import now
from tests.bench.paper_trail import PaperTrail, fill
from tests.unit.bus.ledger.trail import MONDAY, RULES


def test_a_trail_is_what_the_ledger_makes_of_its_events(tmp_path: Path) -> None:
    """Each document's lifeline is that of its events and receipts, told from them anew; its id is found as it is
    folded; and the counters are the sum of what all count for."""
    with closing(open_ledger(f"sqlite:///{tmp_path}/ledger.db")) as ledger:
        check(ledger)


def check(ledger: Ledger) -> None:
    trail = PaperTrail(until=MONDAY + timedelta(days=3), agency_count=50, weeks=2, with_events=1, cases=200)
    assert fill(ledger, trail, 300) > 200
    with ledger.reading() as connection:
        numbers = connection.scalars(select(now.document.c.number)).all()
        lines = keep.lifelines(connection, numbers)
        events = keep.events_after(connection, EventNumber(0), limit=100_000)
        forms = connection.execute(select(now.document.c.document, now.document.c.form)).all()
        daily = connection.execute(select(now.daily)).all()
        for number, line in lines.items():
            own = keep.events_about(connection, [number])
            said = keep.receipt_lines(connection, [(each.docket.sender.mailbox, each.docket.id) for each in own])
            told = [each for some in said.values() for each in some]
            again = fold(line.document.key, None, own, told, rules=RULES)
            plain = {"code_number": None, "code_notation": None, "issued_on": None, "size": 0}
            assert {**_fields(again.document), **plain} == {**_fields(line.document), **plain}
            assert again.deliveries == line.deliveries
            assert again.obligations == line.obligations
    assert all(folded(spelt) == form for spelt, form in forms)
    assert len({each.docket.id for each in events}) == len(events) > len(numbers)
    total = Counter[DailyKey]()
    for line in lines.values():
        total.update(counts_of(line))
    assert {DailyKey(date.fromisoformat(day), *rest): amount for day, *rest, amount in daily} == total
    assert sum(not each.is_open for line in lines.values() for each in line.obligations) > len(numbers)
    assert any(each.is_open for line in lines.values() for each in line.obligations)


def _fields(record: object) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__slots__}  # type: ignore[attr-defined]
