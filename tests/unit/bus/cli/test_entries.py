"""`lienthong outbox` and `inbox` over a real store: what people read, what programs get, and what changes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.errors import RefusedByDms
from bus.handling.transport import OutboxState
from schemas.codes import BusinessType, StatusCode
from schemas.document import Business
from schemas.values import MessageId
from tests.scenarios.country import document, status
from tests.unit.bus.cli.mailbox import Mailbox, made


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    mailbox = made(tmp_path)
    yield mailbox
    mailbox.store.close()


def test_an_empty_box_says_so(mailbox: Mailbox) -> None:
    """No heads over nothing; an empty list for programs."""
    assert mailbox.run("outbox", "list").output == "outbox: trống / empty\n"
    assert mailbox.json("inbox", "list") == []


def test_a_list_has_two_lines_a_message(mailbox: Mailbox) -> None:
    """Whole id, state, time, tries; then the way, what it is, the document; then the next try, and why."""
    mailbox.land.exchange.set_limit("H49", 0)
    (message,) = mailbox.accept(document("G22", "H49", "H53"))
    mailbox.land.publish("G22")
    assert [line.rstrip() for line in mailbox.run("outbox", "list", columns=80).output.splitlines()] == [
        "Bản tin                               Ở đâu      Vào lúc              Lần thử",
        "message                               state      entered +07          tries",
        "  từ → đến: việc gì, văn bản / from → to: what, document",
        f"{message}  waiting    2016-07-01 09:00:00  1",
        "  G22 → H49, H53: Văn bản mới / New, G22,2016/07/01,1/CV-VP",
        "  thử lại lúc / next try 2016-07-01 09:00:00 +07",
        f"  RabbitMQ refuses message {message}: the inbox of",
        "  H49 is full. It is tried again; tell H49. [broker-refused; operator acts]",
        "outbox: 1 waiting (kể cả biên nhận / receipts included)",
    ]


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
def test_an_id_is_never_cut(mailbox: Mailbox, columns: int) -> None:
    """However narrow the terminal: it is there to be copied."""
    (message,) = mailbox.accept(document())
    said = mailbox.run("outbox", "list", columns=columns).output
    assert message in said
    assert "G22,2016/07/01,1/CV-VP" in said
    assert max(map(len, said.splitlines())) <= max(columns, 80)


def test_what_has_left_in_order_says_no_next_try(mailbox: Mailbox) -> None:
    """Its receipt is awaited: nobody need do anything."""
    mailbox.accept(document())
    mailbox.land.publish("G22")
    assert "next try" not in mailbox.run("outbox", "list").output


def test_the_beginning_of_an_id_is_enough(mailbox: Mailbox) -> None:
    """Where only one begins so; else the candidates are named, and nothing is done."""
    one, other = mailbox.accept(document(), document(number=2))
    assert mailbox.json("outbox", "show", one[:-1] + one[-1])["docket"]["id"] == one
    assert mailbox.run("outbox", "retry", one, one).output.splitlines()[0] == one
    several = mailbox.run("outbox", "show", one[:-1])
    assert (several.exit_code, several.stdout) == (1, "")
    assert f"{one}, {other}" in several.stderr
    assert "ambiguous-id" in several.stderr
    for nothing in ("f", ""):
        assert "no-such-message" in mailbox.run("outbox", "show", nothing).stderr


@pytest.mark.parametrize(
    ("business", "what"),
    [
        (Business(type=BusinessType.NEW), "Văn bản mới / New"),
        (Business(type=BusinessType.REVOKE), "Thu hồi / Revocation"),
        (Business(type=BusinessType.UPDATE), "Cập nhật / Update"),
        (Business(type=BusinessType.REPLACE), "Thay thế / Replacement"),
    ],
)
def test_a_document_is_called_by_what_it_does(mailbox: Mailbox, business: Business, what: str) -> None:
    """In both languages, in the list and alone."""
    (message,) = mailbox.accept(document(business=business))
    assert what in mailbox.run("outbox", "list").output
    assert f"việc gì / what              {what}\n" in mailbox.run("outbox", "show", message).output


def test_a_list_can_be_narrowed(mailbox: Mailbox) -> None:
    """By state and by number, newest first; the counts below are of everything."""
    first, second = mailbox.accept(document(), document(number=2))
    mailbox.land.publish("G22")
    (third,) = mailbox.accept(document(number=3))
    assert [row["docket"]["id"] for row in mailbox.json("outbox", "list")] == [third, second, first]
    assert [row["docket"]["id"] for row in mailbox.json("outbox", "list", "--limit", "1")] == [third]
    assert [row["docket"]["id"] for row in mailbox.json("outbox", "list", "--state", "sent")] == [second, first]
    assert mailbox.run("outbox", "list", "--state", "waiting").output.endswith(
        "outbox: 2 sent, 1 waiting (kể cả biên nhận / receipts included)\n"
    )


def test_statuses_and_receipts_have_names(mailbox: Mailbox) -> None:
    """01 that came, the receipt for it that goes, which is shown to who asks for it."""
    mailbox.accept(document())
    mailbox.land.settle()
    assert "01 Đã đến / Arrived" in mailbox.run("inbox", "list").output
    assert "H49 → G22" in mailbox.run("inbox", "list").output
    assert "Biên nhận" not in mailbox.run("outbox", "list", "--limit", "1").output.splitlines()[-2]
    every = mailbox.json("outbox", "list", "--all")
    (receipt,) = [row for row in every if row["docket"]["kind"] == "receipt"]
    assert len(mailbox.json("outbox", "list")) == len(every) - 1
    assert mailbox.json("outbox", "list", "--receipts") == every
    assert "Biên nhận / Receipt" in mailbox.run("outbox", "list", "--all").output
    assert "document" not in mailbox.run("outbox", "show", receipt["docket"]["id"]).output


def test_show_leaves_out_what_is_not(mailbox: Mailbox) -> None:
    """A line a fact: no next try of what is done; the receipt of each recipient with its time."""
    (message,) = mailbox.accept(document("G22", "H49", "H53"))
    mailbox.land["H53"].dms.refuses[document().id] = RefusedByDms(document=document().id, why="đã có")
    mailbox.land.settle()
    fields = dict(line.split("  ", 1) for line in mailbox.run("outbox", "show", message).output.splitlines())
    fields = {name.rpartition(" / ")[2]: value.strip() for name, value in fields.items()}
    assert fields["state"] == "done"
    assert fields["priority"] == "0 Thường / Normal"
    assert fields["receipt H49"] == "held 2016-07-01 09:00:00 +07"
    assert fields["receipt H53"] == "refused refused-by-dms 2016-07-01 09:00:00 +07"
    assert not {"next try", "why", "due on"} & fields.keys()
    lines = mailbox.json("outbox", "show", message)["receipts"]
    assert [(line["mailbox"], line["code"]) for line in lines] == [("H49", None), ("H53", "refused-by-dms")]


def test_retry_names_what_will_be_tried(mailbox: Mailbox) -> None:
    """The message named; with none named, all that are parked; with none parked, that."""
    (message,) = mailbox.accept(document())
    assert mailbox.run("outbox", "retry", message).output.splitlines() == [
        message,
        "Sẽ thử lại ngay 1 bản tin. / To be tried again now: 1.",
    ]
    assert mailbox.run("outbox", "retry").output == "Không có bản tin nào đang dừng. / Nothing is parked.\n"
    assert mailbox.json("outbox", "retry") == []
    assert mailbox.json("outbox", "retry", message) == [message]


def test_release_wants_to_be_told_what(mailbox: Mailbox) -> None:
    """Each is a person's decision; what was refused goes back on the road."""
    mailbox.accept(document())
    mailbox.land["G22"].dms.refuses[document().id] = RefusedByDms(document=document().id, why="đã đóng hồ sơ")
    mailbox.land.settle()
    (row,) = mailbox.json("inbox", "list", "--state", "refused")
    message = MessageId(row["docket"]["id"])
    assert mailbox.run("inbox", "release").exit_code == 2
    said = mailbox.run("inbox", "release", message).output
    assert said == f"{message}\nĐã thả lại 1 bản tin. / Put back on the road: 1.\n"
    assert mailbox.json("inbox", "show", message)["state"] == OutboxState.WAITING


def test_what_waits_for_its_document_system_says_why(mailbox: Mailbox) -> None:
    """In the inbox too: the next try and the sentence."""
    mailbox.land["H49"].dms.write(status(StatusCode.ACCEPTED, document(), "H49", "G22"))
    mailbox.land.collect("H49")
    mailbox.land.publish("H49")
    mailbox.land.take_in("G22")
    mailbox.land.deliver("G22")
    said = mailbox.run("inbox", "list").output
    assert "orphan; recipient acts" in said
    assert mailbox.json("inbox", "list")[0]["attempts"] == 1


def test_a_store_that_is_not_there_is_named(mailbox: Mailbox) -> None:
    """Not made in passing beside a mistyped path."""
    mailbox.config.write_text(mailbox.config.read_text().replace("G22.db", "nowhere/G22.db"))
    result = mailbox.run("outbox", "list")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nowhere/G22.db" in result.stderr
    assert "bad-config" in result.stderr


def test_a_configuration_must_be_named(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """With -c or LIENTHONG_CONFIG."""
    mailbox.config.unlink()
    assert mailbox.run("outbox", "list").exit_code == 2
