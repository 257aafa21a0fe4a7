"""An error that travelled as its code reads as if it had come whole, as far as its message says."""

from datetime import UTC, datetime, timedelta

import pytest

from bus.errors import ClockAhead, NotInTime
from bus.receiving.by_code import error_of
from schemas.docket import Docket
from tests.contract.store import sending

AT = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


@pytest.fixture
def docket() -> Docket:
    return sending(1).docket.model_copy(update={"created_at": AT + timedelta(minutes=58), "id": "m1"})


@pytest.mark.parametrize(
    ("code", "english"),
    [
        ("clock-ahead", "Message m1 says 2026-11-30 15:58:00 +07, 58 minutes ahead of the recipient's clock"),
        ("too-old", "Message m1 was made at 2026-11-30 15:58:00 +07"),
        ("not-for-us", "H49"),
        ("no-such-code-yet", "no-such-code-yet"),
    ],
)
def test_its_sentence_has_the_facts(docket: Docket, code: str, english: str) -> None:
    """Nothing in it reads "?" that the docket says; a code of a later version is named."""
    error = error_of(code, docket, mailbox="H49", judged_at=AT)
    assert english in error.in_english()
    assert "?" not in error.in_english() + error.in_vietnamese()


def test_what_nobody_knows_is_not_made_up(docket: Docket) -> None:
    """No time of death, no document: what the code means is told, which needs neither."""
    assert ClockAhead.means_en in error_of("clock-ahead", docket, mailbox="H49", judged_at=None).in_english()
    assert error_of("not-for-us", docket, mailbox=None, judged_at=AT).facts.keys().isdisjoint({"mailbox"})
    without = docket.model_copy(update={"document": None, "expires_at": None})
    assert NotInTime.means_vi in error_of("not-in-time", without, mailbox="H49", judged_at=AT).in_vietnamese()


def test_a_status_is_named(docket: Docket) -> None:
    """In the refusal of a status about a document that nobody knows."""
    status = docket.model_copy(update={"status": "03"})
    assert "Status 03 is about" in error_of("orphan", status, mailbox="H49", judged_at=AT).in_english()


def test_a_time_that_ran_out_is_named(docket: Docket) -> None:
    """The one that the sender gave it."""
    timed = docket.model_copy(update={"expires_at": AT})
    assert "2026-11-30 15:00 +07" in error_of("not-in-time", timed, mailbox="H49", judged_at=AT).in_english()
