"""`lienthong events`: for a person at a terminal, for a program, and for a monitor."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bus.cli.events import lines
from bus.errors import DmsAway
from bus.ports.records import Event
from schemas.docket import DocumentKey
from schemas.values import MessageId
from tests.unit.bus.cli.mailbox import Mailbox, made

AT = datetime(2026, 11, 30, 1, 0, 12, tzinfo=UTC)


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    mailbox = made(tmp_path)
    yield mailbox
    mailbox.store.close()


def told(mailbox: Mailbox, *events: Event) -> None:
    with mailbox.store.write() as tx:
        tx.dossiers.put_events(list(events))


AWAY = Event(at=AT, name="broker.away", detail="no route to host")
BACK = Event(at=AT + timedelta(minutes=3), name="broker.back", detail="sau 3 phút / after 3 min")
REFUSED = Event(
    at=AT + timedelta(hours=1),
    name="outbox.refused",
    message=MessageId("m-1"),
    document=DocumentKey(issuer="G22", id="G22,2026/11/30,7/CV"),
    detail=str(DmsAway(why="maintenance")),
)


def test_an_event_is_told_in_both_languages(mailbox: Mailbox) -> None:
    """Newest first, on Việt Nam's clock with its zone: what, in which words, why, about which document, who acts."""
    told(mailbox, AWAY, BACK, REFUSED)
    assert mailbox.run("events", columns=80).output.splitlines() == [
        "2026-11-30 09:00:12+07  outbox.refused: Nơi nhận từ chối / A recipient refused it",
        f"    The document system does not answer: maintenance. {DmsAway.do_en} [dms-away; operator acts]",
        "    G22,2026/11/30,7/CV",
        f"    người vận hành xử lý: {DmsAway.do_vi}",
        "2026-11-30 08:03:12+07  broker.back: RabbitMQ dùng lại được / RabbitMQ can be used again",
        "    sau 3 phút / after 3 min",
        "2026-11-30 08:00:12+07  broker.away: Không dùng được RabbitMQ / RabbitMQ cannot be used",
        "    no route to host",
    ]


def test_a_name_of_a_later_version_stands_for_itself() -> None:
    """Nothing is made up about it."""
    assert lines(Event(at=AT, name="tunnel.lost", message=MessageId("m-2"))) == [
        "2026-11-30 08:00:12+07  tunnel.lost",
        "    m-2",
    ]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ((), ["outbox.refused", "broker.back", "broker.away"]),
        (("--name", "broker"), ["broker.back", "broker.away"]),
        (("--name", "broker.back"), ["broker.back"]),
        (("--since", "2026-11-30T08:03"), ["outbox.refused", "broker.back"]),
        (("--until", "2026-11-30T08:03"), ["broker.away"]),
        (("--since", "2026-11-30", "--until", "2026-12-01", "--limit", "1"), ["outbox.refused"]),
        (("--since", "1s"), []),
    ],
)
def test_a_part_of_them(mailbox: Mailbox, arguments: tuple[str, ...], names: list[str]) -> None:
    """By kind, by name, by time; programs get both languages, too."""
    told(mailbox, AWAY, BACK, REFUSED)
    found = mailbox.json("events", *arguments)
    assert [each["name"] for each in found] == names
    assert all(each["vi"] and each["en"] for each in found)


def test_programs_get_what_people_get(mailbox: Mailbox) -> None:
    """With the time as ISO 8601, and the document where there is one."""
    told(mailbox, REFUSED)
    (found,) = mailbox.json("events")
    assert found["at"] == "2026-11-30T02:00:12+00:00"
    assert (found["document"], found["message"]) == ("G22,2026/11/30,7/CV", "m-1")


def test_a_monitor_has_an_exit_code(mailbox: Mailbox) -> None:
    """3 where there are such events, 0 where there are none; who does not ask gets 0."""
    told(mailbox, AWAY)
    assert mailbox.run("events", "--exit-code").exit_code == 3
    assert mailbox.run("events", "--exit-code", "--json").exit_code == 3
    assert mailbox.run("events").exit_code == 0
    none = mailbox.run("events", "--exit-code", "--name", "dms")
    assert (none.exit_code, none.output) == (0, "Không có sự kiện nào. / There are no such events.\n")


def test_what_is_cut_off_is_said(mailbox: Mailbox) -> None:
    """Nobody takes the last fifty for all."""
    told(mailbox, AWAY, BACK)
    assert mailbox.run("events", "--limit", "1").output.splitlines()[-1].startswith("Chỉ 1 sự kiện cuối")


def test_a_name_that_no_event_has(mailbox: Mailbox) -> None:
    """Whoever mistypes one is not told that all is well."""
    assert "No event is named “brokr.away”: broker.away" in mailbox.run("events", "--name", "brokr.away").output
    assert "No event is named “x”." in mailbox.run("events", "--name", "x").output
    assert "is named" not in mailbox.run("events", "--name", "broker").output


def test_an_end_before_its_beginning(mailbox: Mailbox) -> None:
    """A wrong use: no answer that looks like quiet."""
    assert mailbox.run("events", "--since", "1h", "--until", "2h").exit_code == 2


@pytest.mark.parametrize("other", [("--exit-code",), ("--until", "2026-11-30")])
def test_following_has_no_end(mailbox: Mailbox, other: tuple[str, ...]) -> None:
    """Two options that do not go together are a wrong use."""
    assert mailbox.run("events", "--follow", *other).exit_code == 2


@pytest.mark.parametrize("before", [(), (AWAY,), (AWAY, BACK)], ids=["nothing", "of another kind", "of this kind"])
@pytest.mark.parametrize("as_json", [False, True])
def test_it_follows(mailbox: Mailbox, before: tuple[Event, ...], as_json: bool) -> None:
    """Oldest first, then what comes, each once, until Ctrl-C; for programs a value a line."""
    told(mailbox, *before)
    command = [sys.executable, "-m", "bus.cli", "events", "-c", str(mailbox.config), "-f", "--name", "broker.back"]
    process = subprocess.Popen(
        [*command, *(["--json"] if as_json else [])], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    assert process.stdout is not None
    lines = [process.stdout.readline()] if BACK in before and as_json else []
    lines += [process.stdout.readline() for _ in range(2)] if BACK in before and not as_json else []
    if not lines:
        wait_for_reader(process)
    told(mailbox, AWAY, Event(at=AT, name="broker.back", detail="mới / new"))
    lines += [process.stdout.readline() for _ in range(1 if as_json else 2)]
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=60)
    assert (process.returncode, rest, errors) == (0, "", "")
    details = [json.loads(line)["detail"] for line in lines] if as_json else [line.strip() for line in lines[1::2]]
    assert details == [event.detail for event in before if event is BACK] + ["mới / new"]


def wait_for_reader(process: "subprocess.Popen[str]") -> None:
    """Until it has read what was there: it sleeps between two looks."""
    deadline = time.monotonic() + 60
    sleeping = 0
    while sleeping < 5:
        assert time.monotonic() < deadline
        time.sleep(0.2)
        files = list(Path(f"/proc/{process.pid}/fd").iterdir())
        sleeping = sleeping + 1 if len(files) > 5 else 0  # it has opened the store
