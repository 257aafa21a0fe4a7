"""`lienthong ledger show`: one document's way, its receipts proved, what is missing and whose turn it is."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import insert

from bus.ledger.access import page
from bus.ledger.tables import moved
from bus.store.sql.times import to_micros
from schemas.codes import Priority, StatusCode
from tests.contract.ledger_rows import DAY, NOW, delivery, document, keep, obligation
from tests.scenarios.country import document as package
from tests.scenarios.country import status
from tests.unit.bus.cli.kept_ledger import Kept, config_of, kept
from tests.unit.bus.ledger.recorded import recorded


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    made = kept(tmp_path_factory.mktemp("ledger"))
    yield made
    made.ledger.close()


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """G22 sent a document to H49 and H53; H49 accepted it."""
    folder = tmp_path_factory.mktemp("country")
    with recorded(folder) as made:
        paper = package("G22", "H49", "H53")
        made.land["G22"].dms.write(paper)
        made.land.settle()
        made.land["H49"].dms.write(status(StatusCode.ACCEPTED, paper, "H49", "G22"))
        made.land.settle()
        made.read_all()
        yield Kept(made.ledger, config_of(folder))


def test_a_document_at_two_recipients(ledger: Kept) -> None:
    """Statuses with their times, what is owed by which article, and whose turn it is. How late depends on the day."""
    said = ledger.lines("ledger", "show", "12/qd-ubnd")
    assert said[:12] == [
        "Số, ký hiệu / number      12/QĐ-UBND",
        "Mã / id                   H49,2026/11/01,12/QĐ-UBND",
        "Nơi ban hành / issuer     H49",
        "Ngày / issued on          2026-11-01",
        "Gửi / sent                H49, 2026-11-20 09:00:00 +07",
        "Trong sổ / in the ledger  1",
        "",
        "→ G22 · hộp thư chưa nhận / not receipted",
        "  2026-11-20 09:00:00  đã gửi / sent",
        "  ✗ Báo nhận / Acknowledge [NĐ 30/2020/NĐ-CP Đ.21.2]",
        said[10],
        "  ✗ Giải quyết xong / Finish [NĐ 30/2020/NĐ-CP Đ.24]",
    ]
    assert said[10].startswith("    hạn / due 2026-11-21 09:00 +07; trễ ")
    assert said[-7:-2] == [
        "  2026-11-20 10:00:00  01 Đã đến / Arrived",
        "  2026-11-20 11:00:00  03 Đã tiếp nhận / Accepted",
        "  ✓ Báo nhận / Acknowledge [NĐ 30/2020/NĐ-CP Đ.21.2]",
        "    hạn / due 2026-11-21 09:00 +07; xong / met 2026-11-20 09:00 +07 (01)",
        "  ✗ Giải quyết xong / Finish [NĐ 30/2020/NĐ-CP Đ.24]",
    ]
    assert said[-1] == "  ⇒ H53: nơi nhận giải quyết xong (06) / the recipient finishes (06)"


def test_one_recipient(ledger: Kept) -> None:
    """The others are left out."""
    said = ledger.lines("ledger", "show", "12/qd-ubnd", "--to", "H53")
    assert [line for line in said if line.startswith("→")] == ["→ H53 · 03 Đã tiếp nhận / Accepted"]
    assert ledger.run("ledger", "show", "12/qd-ubnd", "--to", "H99").exit_code == 1


@pytest.mark.parametrize(
    ("text", "arguments", "code"),
    [
        ("1", (), None),  # its number in the ledger
        ("12", ("--from", "H53"), None),
        ("12", (), "ambiguous-id"),
        ("zzz", (), "no-such-message"),
    ],
)
def test_which_one_is_meant(ledger: Kept, text: str, arguments: tuple[str, ...], code: str | None) -> None:
    """Where it may be several, they are named."""
    done = ledger.run("ledger", "show", text, *arguments)
    assert done.exit_code == (0 if code is None else 1)
    assert code is None or code in done.output


@pytest.mark.parametrize("text", ["9999999999999999999", "9" * 5000, "²", "٣"])
def test_digits_that_number_no_document(ledger: Kept, text: str) -> None:
    """More than a column holds, or of another script: there is none, in words."""
    done = ledger.run("ledger", "show", text)
    assert (done.exit_code, "no-such-message" in done.output) == (1, True)


@pytest.mark.parametrize(("text", "named"), [("12", "H53,2026/11/01,12/TB-VP"), ("nothing", None)])
def test_who_tries_is_recorded(ledger: Kept, text: str, named: str | None) -> None:
    """With the documents that the error names."""
    assert ledger.run("ledger", "show", text).exit_code == 1
    with ledger.ledger.reading() as connection:
        (row,) = page(connection, limit=1)
    asked = json.loads(row.subject)
    assert (row.what, row.found, asked["text"]) == ("documents.show", 0, text)
    assert "candidates" not in asked if named is None else named in asked["candidates"]


def test_who_looks_for_a_recipient_that_is_none_is_recorded(ledger: Kept) -> None:
    """As who looks for a document that there is not."""
    assert ledger.run("ledger", "show", "12/qd-ubnd", "--to", "H99").exit_code == 1
    with ledger.ledger.reading() as connection:
        (row,) = page(connection, limit=1)
    assert (row.what, row.found) == ("documents.show", 0)
    assert json.loads(row.subject) == {"text": "12/qd-ubnd", "recipients": ["H99"]}


def test_receipts_are_proved(country: Kept) -> None:
    """Against the directory that is held here, which does not know this country's keys: they stood when they came."""
    said = country.lines("ledger", "show", "1/CV-VP", "--to", "H49", columns=140)
    assert any(
        line.endswith(
            "đã nhận / receipted; đúng khi nhận; khóa nay đã thôi dùng / stood when read; its key is listed no more"
        )
        for line in said
    ), said
    answer = country.json("ledger", "show", "1/CV-VP")
    kinds = [
        (each["kind"], each["status"], [proof["proof"] for proof in each["receipts"]]) for each in answer["messages"]
    ]
    assert kinds[0] == ("document", None, ["key-gone", "key-gone"])
    assert [status for _, status, _ in kinds[1:]] == ["01", "01", "03"]
    assert {each["to"]: each["missing"] for each in answer["recipients"]} == {"H49": "handling", "H53": "decision"}


def test_everything_that_can_be_said(ledger: Kept) -> None:
    """An urgent update with a due day, unknown recipients' words, a due time that moved, and a circular."""
    paper = document(20, "G22", "20/HT", days=1, priority=Priority.URGENT, due_on=date(2026, 12, 3))
    to = [delivery(paper, f"H{number}") for number in range(10, 40)]
    finish = obligation(to[0], "finish", due=3, provisional=True)
    stranger = delivery(paper, "H99", StatusCode.DONE, message=None)
    unknown = document(
        21, "G22", "21/X", known=False, message=None, business=None, code_number=None, code_notation=None
    )
    with ledger.ledger.writing() as connection:
        keep(connection, [paper, *to, finish, stranger, unknown])
        move: dict[str, Any] = {"document": 20, "recipient": "H10", "clock": "finish", "why": "calendar 2026-4"}
        connection.execute(insert(moved), {**move, "at": to_micros(NOW), "before": None, "after": to_micros(NOW + DAY)})
    said = ledger.lines("ledger", "show", "20/HT")
    assert "Khẩn / priority           Khẩn / Urgent" in said
    assert "Hạn / due on              2026-12-03" in said
    assert "  2026-11-30 09:00 +07: – → 2026-12-01 09:00 (calendar 2026-4)" in [line[2:] for line in said]
    assert any("(tạm tính / provisional)" in line for line in said)
    assert any(line.startswith("! H99: 06 ") for line in said)
    assert said[-1] == "… và 10 nơi nhận nữa: --to. / and 10 more recipients: --to."
    assert "! Chú ý / note" in ledger.run("ledger", "show", "21").output
    assert datetime.now(UTC) > NOW
