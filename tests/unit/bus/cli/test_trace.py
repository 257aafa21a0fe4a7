"""`lienthong trace`: one document's story, for a person at a terminal and for a program."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.country import document
from tests.unit.bus.cli.mailbox import Mailbox, made


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    mailbox = made(tmp_path)
    yield mailbox
    mailbox.store.close()


def test_a_step_is_a_line_at_100_columns(mailbox: Mailbox) -> None:
    """Time to the millisecond, what, with whom; the message by a number that stands explained below."""
    (message,) = mailbox.accept(document())
    mailbox.land.publish("G22")
    assert [line.rstrip() for line in mailbox.run("trace", document().id).output.splitlines()] == [
        "G22,2016/07/01,1/CV-VP",
        "Lúc                      Chặng                Với   Chi tiết",
        "time +07                 step                 with  detail              #",
        "2016-07-01 09:00:00.000  đã nhận từ phần mềm  H49   outgoing/1.edxml#1  1",
        "                         document accepted",
        "2016-07-01 09:00:00.000  đã gửi lên RabbitMQ  H49                       1",
        "                         document published",
        "",
        "Bản tin / messages, by #:",
        f"  1  {message}",
    ]


def test_a_long_detail_is_folded_and_whole(mailbox: Mailbox) -> None:
    """Why it waits is what the reader came for."""
    mailbox.land.exchange.set_limit("H49", 0)
    mailbox.accept(document())
    mailbox.land.publish("G22")
    said = mailbox.run("trace", document().id).output
    assert max(map(len, said.splitlines())) <= 100
    assert "…" not in said
    assert [line[:26] for line in said.splitlines() if line.startswith("2016")] == [
        "2016-07-01 09:00:00.000  đ",
        "2016-07-01 09:00:00.500  đ",
    ]
    why = mailbox.json("outbox", "list")[0]["error"]
    details = "".join(step["detail"] for step in mailbox.json("trace", document().id))
    assert why in details


def test_programs_get_every_step(mailbox: Mailbox) -> None:
    """With ISO times in UTC and whole ids."""
    (message,) = mailbox.accept(document())
    (step,) = mailbox.json("trace", document().id)
    assert step == {
        "at": "2016-07-01T02:00:00+00:00",
        "what": "document accepted",
        "message": message,
        "who": "H49",
        "detail": "outgoing/1.edxml#1",
    }


def test_a_part_of_its_name_is_enough(mailbox: Mailbox) -> None:
    """Its number, a part of its id, the beginning of a message's id; where several are meant, they are named."""
    (first,) = mailbox.accept(document(number=1, id_="một"))
    mailbox.accept(document(number=12))
    mailbox.accept(document(number=112))
    for given, found in (
        ("1", "một"),
        ("12/cv-vp", ",12/cv-vp"),
        ("12", ",12/cv-vp"),
        ("mot", "một"),
        (first, "một"),
        ("một", "một"),
    ):
        assert mailbox.run("trace", given).output.splitlines()[0].rstrip().endswith(found), given
    for several in ("cv-vp", first[:10]):
        result = mailbox.run("trace", several)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "ambiguous-id" in result.stderr


def test_an_unknown_document_is_an_error(mailbox: Mailbox) -> None:
    """Exit code 1 and a sentence, not an empty table."""
    result = mailbox.run("trace", "G22,2016/07/01,404/CV-VP")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "There is no G22,2016/07/01,404/CV-VP in trace." in result.stderr
