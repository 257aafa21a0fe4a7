"""`lienthong obligations`: who owes what to whom, by when."""

import json
from collections.abc import Iterator

import pytest

from bus.ledger.access import page
from tests.unit.bus.cli.kept_ledger import Kept, kept


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    made = kept(tmp_path_factory.mktemp("ledger"))
    yield made
    made.ledger.close()


def test_what_one_owes(ledger: Kept) -> None:
    """The earliest due first, with the article; then how much. How late depends on the day."""
    said = ledger.lines("obligations", "G22")
    assert said[:4] == [
        "Số, ký hiệu           Nợ → với        Hạn               Việc",
        "number                owes → to       due +07           what",
        "12/QĐ-UBND            G22 → H49       2026-11-21 09:00  Báo nhận / Acknowledge",
        "  H49,2026/11/01,12/QĐ-UBND · NĐ 30/2020/NĐ-CP Đ.21.2",
    ]
    assert said[4].startswith("  ✗ trễ ")
    assert said[-3:] == ["", "G22 còn nợ / owes: 2; sắp đến hạn / soon due: 0", "✗ quá hạn / overdue: 2"]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), [(1, "G22"), (1, "G22"), (1, "H53"), (2, "H49"), (2, "H49"), (5, "H49")]),
        (("G22",), [(1, "G22"), (1, "G22")]),
        (("H49", "--owed"), [(1, "G22"), (1, "G22"), (1, "H53"), (5, "H49")]),
        (("H49", "--owed", "--with", "H53"), [(1, "H53")]),
        (("H49", "--with", "G22", "--clock", "accept"), [(2, "H49")]),
        (("H53", "--late"), [(1, "H53")]),
        (("H53", "--settled", "--since", "2026-11-01", "--until", "2026-11-30"), [(5, "H53"), (1, "H53")]),
        (("H49", "--owed", "--settled", "--since", "2026-11-01", "--until", "2026-11-29"), [(1, "H53")]),
    ],
)
def test_what_is_asked_for(ledger: Kept, arguments: tuple[str, ...], found: list[tuple[int, str]]) -> None:
    """By debtor, creditor, clock; late, or settled."""
    rows = ledger.json("obligations", *arguments)["obligations"]
    assert [(row["document"]["ledger_number"], row["debtor"]) for row in rows] == found


def test_what_was_asked_is_recorded(ledger: Kept) -> None:
    """With all that narrowed it down."""
    assert ledger.run("obligations", "H53", "--clock", "finish", "--clock", "accept", "--late").exit_code == 0
    assert (
        ledger.run("obligations", "H53", "--settled", "--since", "2026-11-01", "--until", "2026-11-30").exit_code == 0
    )
    with ledger.ledger.reading() as connection:
        settled, late = page(connection, limit=2)
    assert json.loads(late.subject) == {
        "debtor": "H53", "late": True, "settled": False, "clocks": ["finish", "accept"]
    }  # fmt: skip
    period = {"since": "2026-11-01T00:00:00+07:00", "until": "2026-12-01T00:00:00+07:00"}
    assert json.loads(settled.subject) == {"debtor": "H53", "late": False, "settled": True, **period}


def test_programs_get_the_facts(ledger: Kept) -> None:
    """Whole, with the article, and how much in all."""
    answer = ledger.json("obligations", "H53", "--limit", "1")
    (row,) = answer["obligations"]
    assert (row["clock"], row["article"], row["late"]) == ("finish", "NĐ 30/2020/NĐ-CP Đ.24", True)
    assert (answer["open"], answer["late"], answer["more"]) == (1, 1, False)


def test_what_was_met_and_what_moved_on(ledger: Kept) -> None:
    """By what, when; or why nothing is owed any more. A provisional due time says so, and a successor for whom."""
    said = ledger.run("obligations", "H53", "--settled", "--since", "2026-11-01").output
    assert "xong / met 2026-11-20 09:00 +07 (01)" in said
    assert "thôi nợ: hộp thư không nhận / no longer owed: its mailbox did not take it" in said
    assert "tạm tính" in ledger.run("obligations", "H49", columns=120).output
    assert "Không có gì. / Nothing there." in ledger.run("obligations", "H99").output
    first = ledger.lines("obligations", "--limit", "1")
    assert first[-1] == "1 dòng đầu; thêm nữa: --limit. / The first 1 rows; for more: --limit."


@pytest.mark.parametrize(
    "arguments",
    [
        ("--owed",),
        ("--with", "H49"),
        ("H49", "--since", "3d"),
        ("H49", "--late", "--settled"),
        ("H49", "--clock", "nothing"),
    ],
)
def test_what_does_not_go_together(ledger: Kept, arguments: tuple[str, ...]) -> None:
    """Is said, and the command was called wrongly."""
    assert ledger.run("obligations", *arguments).exit_code == 2
