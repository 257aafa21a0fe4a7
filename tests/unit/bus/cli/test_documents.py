"""`lienthong documents`: what a person reads at 80 columns, and what a program gets."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from bus.cli.documents import _LABELS
from bus.errors import RefusedByDms
from bus.operations.documents import Stage
from schemas.codes import BusinessType, StatusCode
from schemas.document import Business
from tests.scenarios.country import document, status
from tests.unit.bus.cli.mailbox import Mailbox, made


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    """One document accepted by H49 and due at H53, one refused there, an update of it; and one that came from H49."""
    mailbox = made(tmp_path)
    land = mailbox.land
    first, second = document("G22", "H49", "H53", due_on=date(2016, 7, 3)), document("G22", "H53", number=2)
    land["H53"].dms.refuses[second.id] = RefusedByDms(document=second.id, why="trial")
    mailbox.accept(first)
    mailbox.accept(second)
    land.settle()
    land["H49"].dms.write(status(StatusCode.ACCEPTED, first, "H49", "G22"))
    land["H49"].dms.write(document("H49", "G22", number=9))
    land.settle()
    mailbox.accept(document(number=1, business=Business(type=BusinessType.UPDATE, document_id=first.id)))
    yield mailbox
    mailbox.store.close()


def lines(mailbox: Mailbox, *arguments: str, columns: int = 80) -> list[str]:
    said = mailbox.run("documents", *arguments, columns=columns).output
    return [line.rstrip() for line in said.splitlines()]


def test_what_was_sent(mailbox: Mailbox) -> None:
    """Two lines a document and recipient, and a third where something is wrong; times with the zone."""
    assert lines(mailbox) == [
        "Số, ký hiệu           Nơi nhận        Gửi lúc           Giai đoạn",
        "number                to              sent +07          stage",
        "1/CV-VP               H49             2016-07-01 09:00  chờ gửi / waiting",
        "  G22,2016/07/01,1/CV-VP · Cập nhật / Update",
        "2/CV-VP               H53             2016-07-01 09:00  bị từ chối / refused",
        "  G22,2016/07/01,2/CV-VP",
        "  vì / why: refused-by-dms",
        "1/CV-VP               H49             2016-07-01 09:00  03 Đã tiếp nhận /",
        "                                                        Accepted",
        "  G22,2016/07/01,1/CV-VP · hạn / due 2016-07-03",
        "1/CV-VP               H53             2016-07-01 09:00  01 Đã đến / Arrived",
        "  G22,2016/07/01,1/CV-VP · hạn / due 2016-07-03: QUÁ HẠN / OVERDUE",
        "4 dòng. / 4 rows.",
    ]


def test_what_was_received(mailbox: Mailbox) -> None:
    """The same of the inbox: from whom, and when it was taken in."""
    assert lines(mailbox, "--received") == [
        "Số, ký hiệu           Nơi gửi         Nhận lúc          Giai đoạn",
        "number                from            taken in +07      stage",
        "9/CV-VP               H49             2016-07-01 09:00  01 Đã đến / Arrived",
        "  H49,2016/07/01,9/CV-VP",
        "1 dòng. / 1 row.",
    ]


@pytest.mark.parametrize(
    ("arguments", "stages"),
    [
        (("--overdue",), ["01"]),
        (("--stage", "overdue"), ["01"]),
        (("--stage", "03"), ["03"]),
        (("--stage", "refused", "--to", "H53"), ["refused"]),
        (("--from", "H49"), []),
        (("--number", "2"), ["refused"]),
        (("2/cv-vp",), ["refused"]),
        (("--since", "2016-07-01", "--until", "2016-07-01", "--limit", "1"), ["waiting"]),
        (
            (
                "--since",
                "2016-07-01T09:00:01",
            ),
            [],
        ),
        (
            (
                "--until",
                "2016-07-01T09:00:00",
            ),
            [],
        ),
        (
            (
                "--until",
                "2016-06-30",
            ),
            [],
        ),
    ],
)
def test_what_is_asked_for(mailbox: Mailbox, arguments: tuple[str, ...], stages: list[str]) -> None:
    """Times on the clock of Việt Nam; a day alone counts whole."""
    assert [row["stage"] for row in mailbox.json("documents", *arguments)] == stages


def test_programs_get_the_facts(mailbox: Mailbox) -> None:
    """With ISO times in UTC and whole ids."""
    (row,) = mailbox.json("documents", "--number", "2/CV-VP")
    assert len(row.pop("message")) == 36
    assert row == {
        "document": "G22,2016/07/01,2/CV-VP",
        "issuer": "G22",
        "number": "2/CV-VP",
        "business_type": 0,
        "from": "G22",
        "to": "H53",
        "mailbox": "H53",
        "at": "2016-07-01T02:00:00+00:00",
        "stage": "refused",
        "stage_since": "2016-07-01T02:00:00+00:00",
        "due_on": None,
        "overdue": False,
        "why": "refused-by-dms",
        "ref": "outgoing/1.edxml#1",
    }


def test_where_there_is_more_and_where_there_is_none(mailbox: Mailbox) -> None:
    """Said in the last line; nothing above a sentence that says that there is nothing."""
    assert lines(mailbox, "--limit", "1")[-1] == "1 dòng đầu; thêm nữa: --limit. / The first 1 rows; for more: --limit."
    assert lines(mailbox, "nothing of that name") == ["Không có văn bản nào như vậy. / There is no such document."]
    assert mailbox.run("documents", "--stage", "13").exit_code == 2


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_an_id_is_never_cut(mailbox: Mailbox, columns: int) -> None:
    """And nothing is wider than the terminal, from 80 columns on."""
    said = lines(mailbox, columns=columns)
    assert "  G22,2016/07/01,2/CV-VP" in said
    assert max(map(len, said)) <= max(columns, 80)


def test_each_stage_has_a_name() -> None:
    """In both languages."""
    assert set(_LABELS) == set(Stage)
