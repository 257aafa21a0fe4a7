"""What every `bus.ports.Store` answers about documents: pages of entries, ids by their beginning, names by a part."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bus.handling.statuses import Change, Handling
from bus.handling.transport import InboxState, OutboxState
from bus.ports.records import Box, Dossier, HandlingKey, InboxChange, Which
from bus.ports.store import Store
from schemas.codes import BusinessType, Kind, Outcome, StatusCode
from schemas.values import AgencyCode, DocumentId
from tests.contract.store import NOW, arrived, change, docket, hear, line, mid, put, sending, settle

HOUR = timedelta(hours=1)
NAMES = {1: "G22,2026/11/22,12/VPCP-TTĐT", 2: "G22,2026-11-22,112/VPCP-TTDT", 3: "G22,2026/11/22,100%/A_B", 4: "số 4"}
FORMS = {
    1: "g22,2026/11/22,12/vpcp-ttđt",
    2: "g22,2026/11/22,112/vpcp-ttdt",
    3: "g22,2026/11/22,100%/a_b",
    4: "số 4",
}


def dossier(
    document: DocumentId,
    handler: AgencyCode = "H49",
    *,
    state: StatusCode | None = None,
    code: str | None = None,
    due_on: date | None = None,
    hours: int = 0,
    **handling: Any,
) -> Dossier:
    return Dossier(
        key=HandlingKey("G22", document, handler),
        handling=Handling(state, **handling),
        code=code,
        issued_on="2026-11-22",
        updated_at=NOW + hours * HOUR,
        due_on=due_on,
    )


class DocumentContract:
    @staticmethod
    def fill(store: Store) -> None:
        """Five documents, an hour apart; the fourth is an update; a status and a receipt between them."""
        entries = [sending(number, to=("H53",) if number == 2 else ("H49",)) for number in range(1, 6)]
        update = {"business_type": BusinessType.UPDATE}
        entries[3] = replace(entries[3], docket=entries[3].docket.model_copy(update=update))
        kinds: tuple[dict[str, object], ...] = (
            {"kind": Kind.STATUS, "status": StatusCode.ACCEPTED},
            {"kind": Kind.RECEIPT, "document": None},
        )
        others = [
            replace(each, key=None, docket=each.docket.model_copy(update={"business_type": None, **changed}))
            for each, changed in zip((sending(6), sending(7)), kinds, strict=True)
        ]
        for number, entry in enumerate([*entries[:3], *others, *entries[3:]]):
            with store.write() as tx:
                tx.outbox.put([entry], at=NOW + number * HOUR)
        settle(store, change(1, OutboxState.PARKED))
        hear(store, line(3, "H49", Outcome.REFUSED, code="too-large"), line(5))
        with store.write() as tx:
            heard = dossier(docket(5).document.id, state=StatusCode.ARRIVED)  # type: ignore[union-attr]
            tx.dossiers.put([dossier(docket(1).document.id), heard])  # type: ignore[union-attr]
            tx.inbox.put([arrived(8), arrived(9, sender="H49")])

    @pytest.mark.parametrize(
        ("which", "expected"),
        [
            (Which(), [5, 4, 3, 2, 1]),
            (Which(limit=2), [5, 4]),
            (Which(since=NOW + HOUR), [5, 4, 3, 2]),
            (Which(until=NOW + HOUR), [1]),
            (Which(since=NOW + HOUR, until=NOW + 6 * HOUR), [4, 3, 2]),
            (Which(since=NOW + 9 * HOUR), []),
            (Which(states={OutboxState.PARKED, OutboxState.DONE}), [5, 3, 1]),
            (Which(agency="H53"), [2]),
            (Which(agency="G22"), [5, 4, 3, 2, 1]),
            (Which(agency="H5"), []),
            (Which(refused=True), [3]),
            (Which(unheard=True), [4, 1]),
            (Which(documents=["g22,2026-11-22,2/vpcp-ttđt", "another"]), [2]),
            (Which(documents=[]), []),
        ],
    )
    def test_pages_of_what_was_sent(self, store: Store, which: Which, expected: list[int]) -> None:
        """Documents only, the newest first; filters narrow together."""
        self.fill(store)
        with store.read() as tx:
            assert [row.docket.id for row in tx.outbox.documents(which)] == [mid(number) for number in expected]

    def test_one_page_after_the_other(self, store: Store) -> None:
        """Below the number of the last row; times bound it, too."""
        self.fill(store)
        seen, below = list[str](), None
        with store.read() as tx:
            while rows := tx.outbox.documents(Which(below=below, limit=2, until=NOW + 6 * HOUR)):
                seen += [row.docket.id for row in rows]
                below = rows[-1].number
        assert seen == [mid(number) for number in (4, 3, 2, 1)]

    def test_pages_of_what_was_received(self, store: Store) -> None:
        """The same of the inbox."""
        self.fill(store)
        with store.read() as tx:
            assert [row.docket.id for row in tx.inbox.documents(Which())] == [mid(9), mid(8)]
            assert [row.docket.id for row in tx.inbox.documents(Which(agency="H49", states={InboxState.WAITING}))] == [
                mid(9),
                mid(8),
            ]

    def test_rows_without_receipts(self, store: Store) -> None:
        """What is about no document is left out."""
        self.fill(store)
        with store.read() as tx:
            assert [row.docket.id for row in tx.outbox.rows(receipts=False)] == [mid(n) for n in (5, 4, 6, 3, 2, 1)]

    @pytest.mark.parametrize(
        ("beginning", "limit", "expected"),
        [
            (mid(8), 9, [8]),
            (mid(8)[:-1], 9, [8, 9]),
            (mid(8)[:-1], 1, [8]),
            ("", 9, [8, 9]),
            ("x", 9, []),
            (mid(8) + "0", 9, []),
        ],
    )
    def test_ids_by_their_beginning(self, store: Store, beginning: str, limit: int, expected: list[int]) -> None:
        """Each once, though two senders may have used the same."""
        with store.write() as tx:
            tx.inbox.put([arrived(8), arrived(8, sender="H49"), arrived(9)])
        with store.read() as tx:
            assert list(tx.inbox.ids(beginning, limit=limit)) == [mid(number) for number in expected]

    @pytest.mark.parametrize(
        ("part", "expected"),
        [
            ("12/vpcp", {1, 2}),
            ("22,12/VPCP-TTĐT", {1}),
            ("ttdt", {1, 2}),
            ("TTĐT", {1, 2}),
            ("0%/a_b", {3}),
            ("0_/a", set()),
            ("SO 4", {4}),
            ("78 / ubnd", {4}),
            ("2026/11/22", {1, 2, 3}),
            ("nothing", set()),
        ],
    )
    def test_names_by_a_part(self, store: Store, part: str, expected: set[int]) -> None:
        """Of an id or of a number; marks, case and spaces aside; what is not filed yet is found by its id."""
        put(store, sending(1, document=NAMES[1]))
        with store.write() as tx:
            tx.dossiers.put([dossier(NAMES[2], code="112/VPCP-TTDT"), dossier(NAMES[4], code="78/UBND-VX")])
            key = arrived(3).docket.document.model_copy(update={"id": NAMES[3]})  # type: ignore[union-attr]
            waiting = arrived(3)
            tx.inbox.put([replace(waiting, docket=waiting.docket.model_copy(update={"document": key}))])
        with store.read() as tx:
            found = tx.dossiers.named(part, limit=9)
            assert set(found) == {FORMS[number] for number in expected}
            assert len(tx.dossiers.named(part, limit=1)) == min(1, len(expected))

    @pytest.mark.parametrize(
        ("number", "count"),
        [
            ("12", 1),
            ("12/vpcp-ttdt", 1),
            ("12/VPCP", 0),
            ("112", 1),
            ("2", 0),
            ("78", 1),
            ("78 / UBND-VX", 1),
            ("4", 0),
        ],
    )
    def test_names_by_a_number(self, store: Store, number: str, count: int) -> None:
        """The number alone, or number and notation whole; where no dossier says it, the end of the id does."""
        put(store, sending(1, document=NAMES[1]))
        with store.write() as tx:
            tx.dossiers.put([dossier(NAMES[2], code="112/VPCP-TTDT"), dossier(NAMES[4], code="78/UBND-VX")])
        with store.read() as tx:
            assert len(tx.dossiers.numbered(number, limit=9)) == count

    @pytest.mark.parametrize(
        ("box", "asked", "expected"),
        [
            (Box.OUT, {}, ["H08", "H53", "H49"]),
            (Box.OUT, {"limit": 1}, ["H08"]),
            (Box.OUT, {"handler": "H53"}, ["H53"]),
            (Box.OUT, {"issuer": "G22", "state": StatusCode.DONE}, ["H53"]),
            (Box.OUT, {"issuer": "H49"}, []),
            (Box.OUT, {"due_before": date(2026, 11, 21)}, ["H49"]),
            (Box.OUT, {"due_before": date(2026, 11, 20)}, []),
            (Box.IN, {}, ["G22"]),
        ],
    )
    def test_dossiers_of_a_box(self, store: Store, box: Box, asked: dict[str, Any], expected: list[str]) -> None:
        """The last changed first; what is overdue is still awaited: not done, not taken back."""
        put(store, sending(1, document="one"))
        due = date(2026, 11, 20)
        came = arrived(2).docket.document
        assert came
        with store.write() as tx:
            tx.inbox.put([arrived(2)])
            tx.inbox.change([InboxChange(message=mid(2), state=InboxState.DONE, attempts=0, at=NOW)])
            tx.dossiers.put(
                [
                    dossier("one", "H49", due_on=due, state=StatusCode.ARRIVED),
                    dossier("one", "H53", due_on=due, state=StatusCode.DONE, hours=1),
                    dossier("one", "H08", due_on=due, change=Change.REVOCATION, hours=2),
                    dossier(came.id, "G22", due_on=due, withdrawn=True),
                    dossier("of neither box"),
                ]
            )
        with store.read() as tx:
            assert [each.key.handler for each in tx.dossiers.among(box, **{"limit": 9, **asked})] == expected
