"""`lienthong inbox discard`: a person ends what was parked or refused."""

from pathlib import Path

import pytest

from bus.errors import RefusedByDms
from bus.handling.transport import OutboxState
from tests.scenarios.country import document
from tests.unit.bus.cli.mailbox import Mailbox, made


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    """With one refusal in its inbox, that its own document system would not file."""
    mailbox = made(tmp_path)
    mailbox.land["G22"].dms.refuses[document().id] = RefusedByDms(document=document().id, why="đã đóng hồ sơ")
    mailbox.accept(document())
    mailbox.land.settle()
    return mailbox


def test_what_was_refused_can_be_discarded(mailbox: Mailbox) -> None:
    """Its content goes; the row says what became of it; and it is said, once for each message."""
    (row,) = mailbox.json("inbox", "list", "--state", "refused")
    message = row["docket"]["id"]
    assert mailbox.run("inbox", "discard").exit_code == 2
    assert mailbox.run("inbox", "discard", message).output == f"Đã bỏ bản tin {message}. / Discarded: {message}.\n"
    shown = mailbox.json("inbox", "show", message)
    assert (shown["state"], shown["size"]) == (OutboxState.CANCELLED, 0)
    again = mailbox.run("inbox", "discard", message)
    assert (again.exit_code, again.stdout) == (1, "")
    assert "not-possible" in again.stderr
    mailbox.store.close()


def test_programs_get_the_messages_as_they_were(mailbox: Mailbox) -> None:
    """A list, whatever the number."""
    (row,) = mailbox.json("inbox", "list", "--state", "refused")
    assert [each["state"] for each in mailbox.json("inbox", "discard", row["docket"]["id"])] == ["refused"]
    mailbox.store.close()
