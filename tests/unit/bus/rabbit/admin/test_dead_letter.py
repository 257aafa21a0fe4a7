"""bus/rabbit/admin/dead_letter.py: what is read of a dead letter. Taking and replaying is tests/integration's."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pika import BasicProperties

from bus.errors import AmbiguousId, NoSuchMessage
from bus.rabbit.admin.dead_letter import (
    CANDIDATES,
    DeadLetter,
    choose_letters,
    full_refs,
    read_dead_letter,
    republished_properties,
)
from bus.rabbit.content_header import decode_content_header

VECTOR = json.loads((Path(__file__).parents[4] / "vectors/opens-document.json").read_text())
MESSAGE = base64.b64decode(VECTOR["body"])
AT = datetime(2026, 11, 5, 8, 0, tzinfo=UTC)
DEATH = {"queue": "inbox.H49", "exchange": "agency.G22", "reason": "delivery_limit", "count": 3, "time": AT}


def letter(ref: str, reason: str, inboxes: tuple[str, ...], sent_by: str | None) -> DeadLetter:
    where: dict[str, Any] = {"queue": "dead", "docket": None, "set_aside": False, "at": None, "size": 1}
    return DeadLetter(ref=ref, reason=reason, inboxes=inboxes, sent_by=sent_by, **where)


@pytest.mark.parametrize(
    ("place", "headers", "in_audit"),
    [
        (("dead", "agency.H49", "dead"), {}, True),
        (("dead", "agency.H49", "document.X"), {"CC": ["status.X", "dead"]}, False),
        (("dead", "agency.H49", "document.X"), {}, False),
        (("dead", "dead", "dead"), {"x-death": [DEATH], "CC": ["dead"]}, False),
        (("unroutable", "agency.H49", "document.X"), {}, True),
    ],
    ids=["by its key", "by a key in CC", "by a key in BCC", "died in an inbox", "unroutable"],
)
def test_knows_what_the_audit_stream_shows(
    place: tuple[str, str, str], headers: dict[str, Any], in_audit: bool
) -> None:
    """It has the first key, and no other."""
    queue, exchange, key = place
    letter = read_dead_letter(queue, exchange=exchange, key=key, properties=BasicProperties(headers=headers), body=b"")
    assert letter.in_audit is in_audit


LETTERS = (
    letter("a", "rejected", ("H61",), "G22"),
    letter("b", "bad-message", ("G22",), None),
    letter("c", "unroutable", ("X98", "X99"), "H61"),
    letter("a", "rejected", ("H49",), "G22"),
)


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ({}, [0, 1, 2, 3]),
        ({"refs": ["a"]}, [0, 3]),
        ({"refs": ["b", "c"]}, [1, 2]),
        ({"reason": "rejected"}, [0, 3]),
        ({"mailbox": "H61"}, [0, 2]),
        ({"mailbox": "G22"}, [0, 1, 3]),
        ({"mailbox": "X99"}, [2]),
        ({"refs": ["a"], "mailbox": "H49"}, [3]),
        ({"refs": ["a"], "reason": "expired"}, []),
    ],
)
def test_chooses_what_fits_everything_asked_for(asked: dict[str, Any], chosen: list[int]) -> None:
    """A mailbox is asked for as recipient or as sender; several conditions all hold."""
    assert choose_letters(LETTERS, **asked) == tuple(LETTERS[index] for index in chosen)


def test_an_id_may_be_typed_in_part() -> None:
    """As everywhere else: the whole one first, or the only one that begins so."""
    letters = [letter(ref, "rejected", (), None) for ref in ("ab", "abc", "abd", "c1", "c1")]
    assert full_refs(letters, ("ab", "abd", "c"), box="dead") == ("ab", "abd", "c1")
    assert full_refs(letters, (), box="dead") == ()
    for unknown in ("", "zzz"):
        with pytest.raises(NoSuchMessage, match="lienthong dead list"):
            full_refs(letters, (unknown,), box="dead")
    with pytest.raises(AmbiguousId, match=r"ab, abc, abd\.") as few:
        full_refs(letters, ("a",), box="dead")
    assert "…" not in str(few.value)
    many = [letter(f"x{number}", "rejected", (), None) for number in range(CANDIDATES + 1)]
    with pytest.raises(AmbiguousId, match="x4 …"):
        full_refs(many, ("x",), box="dead")


@pytest.mark.parametrize(
    ("place", "headers", "read"),
    [
        (
            ("dead", "", "inbox.H49"),
            {"x-death": [DEATH]},
            {"reason": "delivery_limit", "inboxes": ("H49",), "sent_by": "G22", "at": AT, "deaths": 3},
        ),
        (
            ("dead", "", "inbox.H49"),
            {"x-death": [DEATH], "x-lienthong-reason": "bad-message", "x-lienthong-set-aside-by": "H61"},
            {"reason": "delivery_limit", "inboxes": ("H49",), "set_aside": False},
        ),
        (
            ("dead", "", ""),
            {"x-death": [{**DEATH, "queue": "dead"}]},
            {"reason": "delivery_limit", "inboxes": (), "sent_by": "G22", "at": AT, "deaths": 3},
        ),
        (("dead", "", ""), {}, {"reason": "?", "inboxes": (), "sent_by": None, "at": None, "deaths": 1}),
        (
            ("dead", "agency.H49", "dead"),
            {"x-lienthong-reason": "bad-message"},
            {"reason": "bad-message", "inboxes": ("H49",), "sent_by": None, "set_aside": True, "at": AT},
        ),
        (
            ("dead", "agency.H49", "dead"),
            {"x-lienthong-reason": "<b>not a code</b>", "x-death": [DEATH]},
            {"reason": "?", "inboxes": ("H49",), "sent_by": None, "set_aside": True, "at": AT, "deaths": 1},
        ),
        (
            ("unroutable", "agency.G22", "document.X98"),
            {"CC": ["document.X99", "document.X98", "urgent.X97", "nonsense"]},
            {"reason": "unroutable", "inboxes": ("X98", "X99"), "sent_by": "G22", "set_aside": False, "at": AT},
        ),
        (("unroutable", "agency.G22", "odd"), {}, {"reason": "unroutable", "inboxes": (), "sent_by": "G22", "at": AT}),
        (("unroutable", "agency.G22", "document.X98"), {"CC": 7}, {"reason": "unroutable", "inboxes": ("X98",)}),
        (("dead", "", ""), {"x-death": 5}, {"reason": "?", "inboxes": (), "at": None, "deaths": 1}),
        (("dead", "", ""), {"x-death": [None, [], DEATH]}, {"inboxes": ("H49",), "at": AT, "deaths": 3}),
        (
            ("dead", "", ""),
            {"x-death": [{"queue": b"\xff", "reason": [], "exchange": None, "time": 2**63 - 1, "count": "many"}]},
            {"reason": "[]", "inboxes": (), "sent_by": None, "at": None, "deaths": 1},
        ),
    ],
    ids=[
        "died in an inbox",
        "died in an inbox, with headers of its sender's",
        "died elsewhere",
        "without a history",
        "set aside",
        "set aside, by a stranger's words",
        "for nobody",
        "for no mailbox at all",
        "with keys that are no list",
        "with a history that is no list",
        "with a history of no tables",
        "with a history of other kinds",
    ],
)
def test_its_history(place: tuple[str, str, str], headers: dict[str, Any], read: dict[str, Any]) -> None:
    """Where it belongs is what the broker says: headers that anybody can write decide nothing."""
    queue, exchange, key = place
    properties = BasicProperties(headers=headers, timestamp=int(AT.timestamp()))
    found = read_dead_letter(queue, exchange=exchange, key=key, properties=properties, body=b"no message")
    assert {name: getattr(found, name) for name in read} == read


@pytest.mark.parametrize("seconds", [2**63 - 1, 253_402_300_800, 0, None])
def test_a_time_that_no_calendar_has_is_none(seconds: int | None) -> None:
    """The letter is read all the same."""
    properties = BasicProperties(timestamp=seconds)
    assert read_dead_letter("unroutable", exchange="", key="", properties=properties, body=b"").at is None


def test_properties_that_cannot_be_decoded_are_said() -> None:
    """Of one that lies here with them, and of one that a mailbox set aside over them; others' words are not taken."""
    payload = bytes(12) + b"\x20\x00\x00\x00\x00\x02\x01\xff"
    properties = decode_content_header(1, payload).properties
    here = read_dead_letter("dead", exchange="agency.H17", key="dead", properties=properties, body=b"four")
    assert here.undecodable is not None
    assert (here.undecodable.size, here.reason, here.inboxes) == (8, "?", ("H17",))
    for name, published_by in (("H17", "H17"), ("H\n17", None), ("", None)):
        properties = BasicProperties(headers={"x-lienthong-published-by": name})
        letter = read_dead_letter("dead", exchange="agency.H49", key="dead", properties=properties, body=b"four")
        assert letter.published_by == published_by
    for said, kept in ((f"8 {'0a' * 32} nested", ("nested", 8)), ("8 0a nested", None), ([], None)):
        properties = BasicProperties(headers={"x-lienthong-undecodable": said})
        letter = read_dead_letter("dead", exchange="agency.H49", key="dead", properties=properties, body=b"four")
        assert (letter.undecodable and (letter.undecodable.why, letter.undecodable.size)) == kept


def test_the_body_is_named_by_its_docket_or_by_its_digest() -> None:
    """What is no message has no docket, and can be asked for all the same."""
    letters = [
        read_dead_letter("dead", exchange="", key="", properties=BasicProperties(), body=body)
        for body in (MESSAGE, b"no message")
    ]
    docket = letters[0].docket
    assert docket is not None
    assert [each.ref for each in letters] == [docket.id, "sha256:20bb545a5e591308"]
    assert [each.size for each in letters] == [len(MESSAGE), 10]
    assert (letters[0].sender, letters[1].docket, letters[1].sender) == (docket.sender.mailbox, None, None)


def test_it_is_published_again_without_its_history() -> None:
    """As its sender made it; the user is the operator's."""
    headers: dict[str, Any] = {"x-lienthong-version": "1", "x-death": [DEATH], "x-first-death-queue": "q", "CC": ["a"]}
    old = BasicProperties(
        headers=headers, message_id="m", type="document", priority=4, user_id="G22", app_id="lienthong"
    )
    died = read_dead_letter("dead", exchange="", key="", properties=old, body=MESSAGE)
    again = republished_properties(died, old, user="operator")
    assert (again.headers, again.user_id, again.delivery_mode) == ({"x-lienthong-version": "1"}, "operator", 2)
    assert (again.message_id, again.type, again.priority) == (died.ref, "document", 4)


def test_one_that_an_adapter_set_aside_is_a_message_again() -> None:
    """Its kind and its version come from the docket: on the way here it had none."""
    old = BasicProperties(headers={"x-lienthong-reason": "bad-signature"}, content_type="application/octet-stream")
    died = read_dead_letter("dead", exchange="agency.H49", key="dead", properties=old, body=MESSAGE)
    again = republished_properties(died, old, user="operator")
    assert (again.type, again.content_type) == ("document", "application/vnd.lienthong.message")
    assert again.headers == {"x-lienthong-version": "1"}
    second = replace(died, docket=died.docket.model_copy(update={"version": 2}) if died.docket else None)
    assert republished_properties(second, old, user="operator").headers == {"x-lienthong-version": "2"}
