"""`lienthong ledger find` and `list`: what a person reads at 80 columns, and what a program gets."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.ledger.access import page
from tests.unit.bus.cli.kept_ledger import Kept, kept


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    made = kept(tmp_path_factory.mktemp("ledger"))
    yield made
    made.ledger.close()


def test_a_document_is_found(ledger: Kept) -> None:
    """By its number without marks: two lines, with how many of its recipients stand where."""
    assert ledger.lines("ledger", "find", "12/qd-ubnd") == [
        "Số, ký hiệu           Nơi gửi         Gửi lúc           Ở các nơi nhận",
        "number                from            sent +07          at its recipients",
        "12/QĐ-UBND            H49             2026-11-20 09:00  1 × hộp thư chưa nhận /",
        "                                                        not receipted; 1 × 03 Đã",
        "                                                        tiếp nhận / Accepted",
        "  H49,2026/11/01,12/QĐ-UBND",
    ]


def test_where_there_are_more_and_where_there_is_none(ledger: Kept) -> None:
    """Said in the last line."""
    said = ledger.lines("ledger", "find", "H49,", "--limit", "1")
    assert said[-1] == "Còn nữa: ghi rõ thêm, hoặc --limit. / There are more: say more of it, or --limit."
    assert ledger.lines("ledger", "find", "zzz") == ["Không có văn bản nào như vậy. / There is no such document."]


def test_what_is_overdue(ledger: Kept) -> None:
    """Its due time, in words that a monitor without colours shows; and counters of all that the filter asks for."""
    assert ledger.lines("ledger", "list", "--overdue", "--from", "H49", "--to", "H53") == [
        "Số, ký hiệu           Gửi → nhận      Gửi lúc           Đang ở",
        "number                from → to       sent +07          standing",
        "12/QĐ-UBND            H49 → H53       2026-11-20 09:00  03 Đã tiếp nhận /",
        "                                                        Accepted",
        "  H49,2026/11/01,12/QĐ-UBND",
        "  ✗ hạn / due 2026-11-29 09:00 +07: QUÁ HẠN / OVERDUE",
        "",
        "Theo bộ lọc này / by this filter:",
        "        1  hộp thư đã nhận / receipted",
        "        1  hộp thư từ chối / not taken",
        "        1  03 Đã tiếp nhận / Accepted",
        "✗       1  quá hạn / overdue",
    ]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), [5, 5, 5, 4, 3, 2, 1, 1]),
        (("--with", "H53"), [5, 4, 3, 1]),
        (("--type", "revoke"), [4]),
        (("--standing", "unreceipted"), [1]),
        (("--since", "2026-11-27", "--until", "2026-11-29"), [4, 3, 2]),
        (("--until", "2026-11-20T08:59"), []),
        (("--limit", "2"), [5, 5]),
    ],
)
def test_what_is_asked_for(ledger: Kept, arguments: tuple[str, ...], found: list[int]) -> None:
    """Times on the clock of Việt Nam; a day alone counts whole."""
    answer = ledger.json("ledger", "list", *arguments)
    assert [row["ledger_number"] for row in answer["deliveries"]] == found
    assert answer["more"] == ("--limit" in arguments)


def test_programs_get_the_facts(ledger: Kept) -> None:
    """Whole, with ISO times in UTC; each counter says whether there are more."""
    answer = ledger.json("ledger", "list", "--to", "G22", "--until", "2026-11-20")
    (row,) = answer["deliveries"]
    assert row["to"] == "G22"
    assert row["standing"] == "unreceipted"
    assert row["overdue"]
    assert row["due_at"] == "2026-11-21T02:00:00+00:00"
    assert answer["counters"]["unreceipted"] == {"count": 1, "more": False}
    (found,) = ledger.json("ledger", "find", "112")["documents"]
    assert (found["document"], found["recipients"], found["standing"]) == ("G22,2026/11/01,112/CV-VP", 1, {"01": 1})


def test_a_list_without_rows(ledger: Kept) -> None:
    """Says so, and counts nothing."""
    said = ledger.lines("ledger", "list", "--from", "H99")
    assert said[0] == "Không có văn bản nào như vậy. / There is no such document."
    assert said[-1] == "        0"


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_an_id_is_never_cut(ledger: Kept, columns: int) -> None:
    """And nothing is wider than the terminal, from 80 columns on."""
    said = ledger.lines("ledger", "list", columns=columns)
    assert "  H49,2026/11/01,12/QĐ-UBND" in said
    assert max(map(len, said)) <= max(columns, 80)


def test_what_was_shown_is_recorded(ledger: Kept) -> None:
    """Before it is shown: who asked for what, and how much was found."""
    ledger.run("ledger", "find", "12/qd-ubnd", "--from", "H49")
    ledger.run("ledger", "list", "--overdue")
    with ledger.ledger.reading() as connection:
        listed, found = page(connection, limit=2)
    assert (listed.what, json.loads(listed.subject), listed.found) == ("deliveries.list", {"overdue": True}, 3)
    assert (found.what, json.loads(found.subject), found.found) == (
        "documents.find",
        {"text": "12/qd-ubnd", "sender": "H49"},
        1,
    )


def test_where_no_ledger_is_named(tmp_path: Path) -> None:
    """The command was called wrongly."""
    made = Kept(None, tmp_path / "none.toml")  # type: ignore[arg-type] # none is opened
    assert made.run("ledger", "find", "12").exit_code == 2
