"""What the guard counts, says and keeps. Isolating: tests/integration/test_guard.py."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bus.errors import BadConfig
from bus.rabbit.admin.dead_letter import DeadLetter
from bus.rabbit.admin.guard import Guard, Said, Word, in_words
from bus.rabbit.admin.management import Management
from bus.rabbit.streams.audit_tail import AuditCopy
from bus.topology.quotas import Amount, Quotas, QuotaTable, Subject

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
TABLE = QuotaTable(Quotas(audit_messages=10, dead_messages=100, blamed_messages=10))


def copies(
    count: int, *, of: str = "agency.H17", key: str = "document.G22", blames: str | None = None
) -> list[AuditCopy]:
    return [AuditCopy(number, of, key, blames, 10) for number in range(count)]


def nowhere(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"nobody is isolated here: {request.url}")


def said(guard: Guard, at: datetime = NOW) -> list[tuple[Said, str]]:
    with Management("https://u:p@broker", transport=httpx.MockTransport(nowhere)) as management:
        return [(word.code, word.use.mailbox) for word in guard.act(management, vhost="bus", at=at)]


def test_nearly_is_said_once_until_there_is_room_again() -> None:
    """At 80 % a line, and no second one while it stays so."""
    guard = Guard(TABLE)
    guard.count(copies(8), at=NOW)
    assert said(guard) == [(Said.NEARLY, "H17")]
    guard.count(copies(1), at=NOW)
    assert said(guard) == []
    later = NOW + timedelta(days=2)
    assert said(guard, later) == []
    guard.count(copies(8), at=later)
    assert said(guard, later) == [(Said.NEARLY, "H17")]


def test_who_is_named_by_others_is_said_and_not_isolated() -> None:
    """Others may lie: the operator looks, and acts."""
    guard = Guard(TABLE)
    guard.count(copies(9, of="agency.G22", key="dead", blames="H17"), at=NOW)
    assert said(guard) == [(Said.NEARLY, "G22"), (Said.NEARLY, "H17")]
    guard = Guard(QuotaTable(Quotas(blamed_messages=9)))
    guard.count(copies(9, of="agency.G22", key="dead", blames="H17"), at=NOW)
    assert said(guard) == [(Said.OVER, "H17")]
    assert said(guard) == []


def test_counts_by_the_exchange_and_nothing_else() -> None:
    """What came from no mailbox's exchange is nobody's; what a mailbox says of itself blames nobody."""
    guard = Guard(TABLE)
    guard.count(copies(20, of="", key="inbox.G22"), at=NOW)
    guard.count(copies(8, key="dead", blames="H17"), at=NOW)
    assert [(use.subject, use.mailbox) for use in guard.uses(at=NOW)] == [(Subject.AUDIT, "H17")]
    assert guard.offset == 8


def letters(count: int, *, of: str = "H17", queue: str = "dead", in_audit: bool = False) -> list[DeadLetter]:
    letter = DeadLetter(
        queue=queue, ref="sha256:0", docket=None, reason="?", inboxes=(of,) if of else (), sent_by=None,
        set_aside=False, at=None, size=10, in_audit=in_audit,
    )  # fmt: skip
    return [letter] * count


OF_DEAD = QuotaTable(Quotas(dead_messages=100, dead_bytes=10_000_000), {"G22": Quotas(dead_messages=10)})


def begun() -> Guard:
    """One that has looked into an empty `dead`."""
    guard = Guard(OF_DEAD)
    assert guard.is_due(Amount(0, 0))
    guard.look([], Amount(0, 0), at=NOW)
    return guard


def test_what_was_there_before_it_is_nobodys_fault() -> None:
    """As in the audit stream: it counts from where it begins."""
    guard = Guard(OF_DEAD)
    guard = Guard.from_json(guard.to_json(at=NOW), quotas=OF_DEAD, file="state")
    guard.look(letters(500), Amount(500, 0), at=NOW)
    assert said(guard) == []
    guard.look(letters(580), Amount(580, 0), at=NOW)
    assert said(guard) == [(Said.NEARLY, "H17")]


def test_looks_into_dead_when_a_fifth_of_the_least_quota_has_come() -> None:
    """Since the last look, or since it was last emptier; in messages or in bytes."""
    guard = begun()
    assert not guard.is_due(Amount(1, 0))
    assert guard.is_due(Amount(2, 0))
    assert guard.is_due(Amount(1, 2_000_000))
    guard.look(letters(50, in_audit=True), Amount(50, 500), at=NOW)
    assert not guard.is_due(Amount(51, 500))
    assert guard.is_due(Amount(52, 500))
    assert not guard.is_due(Amount(0, 0))
    assert guard.is_due(Amount(2, 0))


def test_figures_of_a_moment_ago_hide_nothing() -> None:
    """The broker still counts what an operator has just discarded; it is not there any more, and what comes instead is
    looked at."""
    guard = Guard(OF_DEAD)
    guard.look([], Amount(60, 600), at=NOW)
    assert guard.is_due(Amount(50, 500))


def test_where_more_lies_than_is_read_the_brokers_figures_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or it would be read again and again."""
    monkeypatch.setattr("bus.rabbit.admin.guard.MOST_LETTERS", 50)
    guard = Guard(OF_DEAD)
    guard.look(letters(50, in_audit=True), Amount(60, 600), at=NOW)
    assert not guard.is_due(Amount(60, 600))


def test_what_the_audit_stream_does_not_show_is_counted_once() -> None:
    """What died in an inbox, or came by CC or BCC; not what was there before, is in the stream, or is nobody's."""
    guard = begun()
    guard.look([*letters(50), *letters(9, of="G22")], Amount(59, 0), at=NOW)
    assert said(guard) == [(Said.NEARLY, "G22")]
    others = [*letters(90, in_audit=True), *letters(90, queue="unroutable"), *letters(90, of="")]
    guard.look([*letters(80), *others], Amount(350, 0), at=NOW)
    assert said(guard) == [(Said.NEARLY, "H17")]
    guard = Guard.from_json(guard.to_json(at=NOW), quotas=OF_DEAD, file="state")
    assert not guard.is_due(Amount(351, 0))
    guard.look(letters(80), Amount(80, 0), at=NOW)
    assert [use.used.messages for use in guard.uses(at=NOW) if use.mailbox == "H17"] == [80]


def test_a_restart_goes_on_where_it_was() -> None:
    """The file has the offset, the counts, and what is nearly used up."""
    guard = Guard(TABLE)
    guard.count(copies(9), at=NOW)
    kept = guard.to_json(at=NOW)
    again = Guard.from_json(kept, quotas=TABLE, file="state")
    assert (again.offset, again.uses(at=NOW)) == (9, guard.uses(at=NOW))
    assert [use["mailbox"] for use in json.loads(kept)["uses"]] == ["H17"]
    assert Guard.from_json(Guard(TABLE).to_json(at=NOW), quotas=TABLE, file="state").offset is None


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "[]",
        "{}",
        '{"offset": "x", "tally": []}',
        '{"offset": 1, "tally": [["audit"]]}',
        '{"offset": 1, "tally": 7}',
        '{"offset": 1, "tally": [], "look": 7}',
        '{"offset": 1, "tally": [], "look": {"lying": [1, 2], "unseen": {"H17": 7}}}',
        '{"offset": 1, "tally": [], "look": {"lying": [1, 2], "unseen": []}}',
    ],
)
def test_a_file_that_is_no_state_is_refused(kept: str, tmp_path: Path) -> None:
    """It is not written over: a person looks."""
    with pytest.raises(BadConfig, match="no state of a guard"):
        Guard.from_json(kept, quotas=TABLE, file=tmp_path / "state")


@pytest.mark.parametrize("subject", list(Subject))
@pytest.mark.parametrize("code", list(Said))
def test_each_word_says_who_and_what_next(subject: Subject, code: Said) -> None:
    """In both languages, with the figures."""
    guard = Guard(QuotaTable(Quotas(audit_messages=1, dead_messages=1, blamed_messages=1)))
    guard.count(copies(1, of="agency.G22", key="dead", blames="H17"), at=NOW)
    use = next(use for use in guard.uses(at=NOW) if use.subject is subject)
    words = in_words(Word(code, use))
    assert all(use.mailbox in each and "1 / 1" in each for each in words)
    assert "The operator" in words.en or code is Said.OVER
