"""`lienthong outbox withdraw`: only before it leaves."""

from pathlib import Path

from tests.scenarios.country import document
from tests.unit.bus.cli.mailbox import made


def test_what_has_not_left_can_be_withdrawn(tmp_path: Path) -> None:
    """It is cancelled and said; programs get the message as it was."""
    mailbox = made(tmp_path)
    one, other = mailbox.accept(document(), document(number=2))
    assert mailbox.run("outbox", "withdraw", one).output == f"Đã rút bản tin {one}. / Withdrawn: {one}.\n"
    assert mailbox.json("outbox", "withdraw", other)["docket"]["id"] == other
    assert {row["state"] for row in mailbox.json("outbox", "list")} == {"cancelled"}
    mailbox.land.publish("G22")
    assert mailbox.land["H49"].broker.receive(limit=1, wait=0) == []
    mailbox.store.close()


def test_what_has_left_can_not(tmp_path: Path) -> None:
    """Exit code 1, and the next step in both languages."""
    mailbox = made(tmp_path)
    (message,) = mailbox.accept(document())
    mailbox.land.publish("G22")
    result = mailbox.run("outbox", "withdraw", message)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        f"Không thể rút lại bản tin {message}: đã gửi đi. "
        "Nó có thể đã đi: gửi yêu cầu lấy lại (trạng thái 13) cho văn bản ấy. [not-possible; người vận hành xử lý]",
        f"Cannot withdraw message {message}: it is sent. "
        "It may have left: send a take-back (status 13) for its document. [not-possible; operator acts]",
    ]
    mailbox.store.close()
