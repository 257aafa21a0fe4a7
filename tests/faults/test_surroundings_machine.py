"""The machine with faults: its clock set back and forward, and two machines that both run one mailbox."""

import dataclasses
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.people import Desk
from schemas.document import Document
from schemas.values import MailboxCode
from tests.e2e.site import Daemon, Site, eventually
from tests.faults.broker import Node
from tests.faults.clock import starting_with
from tests.faults.operator import revive
from tests.faults.tale import FULL_ONLY, PATIENT, Tale, accepted, configured, events, failing, health, hurry, logged

pytestmark = PATIENT

HOUR, YEARS = 3600.0, 2 * 365 * 86_400.0


@contextmanager
def clocked(site: Site, code: MailboxCode) -> Iterator[tuple[Daemon, Callable[[float], None]]]:
    """Yields a daemon with a clock of its own, and the function that sets it."""
    with ExitStack() as stack:
        with starting_with(site.country.root / f"{code}.clock") as set_by:
            (daemon,) = stack.enter_context(site.at_work(code))
        yield daemon, set_by


def jumped(site: Site, code: MailboxCode) -> list[int]:
    """Returns the clock's jumps in seconds, as the operator reads them, the oldest first."""
    found = [int(detail.split(" s.")[0]) for detail in reversed(events(site, code, "clock.jumped"))]
    return [round(seconds, -2) for seconds in found]


def reasons(site: Site, code: MailboxCode, *documents: Document) -> list[str]:
    """Returns the reasons that the clerks read about packages of these documents that came back."""
    texts = [path.read_text(encoding="utf-8") for path in site.folder(code, "rejected").glob("*.reason")]
    return texts if len(texts) >= len(documents) else []


def test_an_hour_back(node: Node, own: Site) -> None:
    """The machine's messages are accepted. Those of others seem an hour ahead: they are refused, in words about clocks,
    and kept with the dead. The daemon reports the jump. Once the clock is right and the dead are replayed, all is
    there."""
    tale = Tale(own)
    wrong, right, _ = own.country.mailboxes
    with clocked(own, wrong) as (skewed, set_by), own.at_work(right) as (daemon,):
        tale.send(wrong, right, count=3)
        tale.ends_well(skewed, daemon)
        set_by(-HOUR)
        eventually(lambda: jumped(own, wrong) == [-HOUR])
        assert logged(skewed, "clock.jumped")[0]["level"] == "warning"
        assert "look at NTP" in events(own, wrong, "clock.jumped")[0]
        tale.send(wrong, right, count=4)
        eventually(lambda: tale.filed(right) == 7)
        sent = tale.send(right, wrong, count=4)
        for text in eventually(lambda: reasons(own, right, *sent)):
            assert "[clock-ahead; nơi gửi xử lý]" in text
            assert "(NTP)" in text
        set_by(0)
        eventually(lambda: jumped(own, wrong) == [-HOUR, HOUR])
        eventually(lambda: bool(revive_all(node, own, tale)), within=60, every=0.5)
        tale.ends_well(skewed, daemon)


def revive_all(node: Node, site: Site, tale: Tale) -> bool:
    """Replays the dead letters until none is left: refusals under way die after the first time."""
    revive(node, site, reason="clock-ahead")
    return tale.look()


def test_an_hour_forward(node: Node, own: Site) -> None:
    """The machine's messages are refused by the others as made in the future, and its clerks read so. Messages to it
    are filed, but the others do not believe its 01. Once the clock is right and the hour has passed, the dead are
    replayed and the clerks send again: all is there, and nothing twice."""
    tale = Tale(own)
    wrong, right, _ = own.country.mailboxes
    with clocked(own, wrong) as (skewed, set_by), clocked(own, right) as (daemon, set_right):
        tale.send(wrong, right, count=2)
        tale.ends_well(skewed, daemon)
        set_by(HOUR)
        eventually(lambda: jumped(own, wrong) == [HOUR])
        sent = tale.send(wrong, right, count=3)
        for text in eventually(lambda: reasons(own, wrong, *sent)):
            assert re.search(r"đề \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+07, đi trước đồng hồ nơi nhận (59|60) phút", text)
            assert (
                "Người vận hành nơi gửi chỉnh giờ máy (NTP), rồi gửi lại văn bản. [clock-ahead; nơi gửi xử lý]" in text
            )
        assert "minutes ahead of the recipient's clock; 5 are allowed." in events(own, right, "inbox.set-aside")[0]
        tale.send(right, wrong, count=3)
        eventually(lambda: tale.filed(wrong) == 3)
        set_by(0)
        eventually(lambda: jumped(own, wrong) == [HOUR, -HOUR])
        for document in sent:
            own.drop(document)
        eventually(lambda: tale.filed(right) == 5)
        set_by(HOUR)  # the hour passes, for both clocks
        set_right(HOUR)
        eventually(lambda: jumped(own, right) == [HOUR])
        eventually(lambda: revive_all(node, own, tale), within=60, every=0.5)
        tale.ends_well(skewed, daemon)


@FULL_ONLY
def test_started_two_years_ahead(own: Site) -> None:
    """Housekeeping does not trust the clock, since nobody else has a date so late: nothing is forgotten, and the
    operator reads why. Entries that were put off by that clock do not wait for years: once it is right, they are due at
    once."""
    tale = Tale(own)
    wrong, right, _ = own.country.mailboxes
    with own.at_work(wrong, right) as (daemon,):
        tale.send(wrong, right, count=4)
        tale.send(right, wrong, count=4)
        tale.ends_well(daemon)
    before = own.json("outbox", "list", "--limit", "1000", code=wrong)
    with starting_with(own.country.root / f"{wrong}.clock") as set_by:
        set_by(YEARS)
    with clocked(own, wrong) as (skewed, set_by):
        eventually(lambda: events(own, wrong, "clock.doubted"))
        assert "Look at this machine's clock." in events(own, wrong, "clock.doubted")[0]
        assert own.json("outbox", "list", "--limit", "1000", code=wrong) == before
        own.forwarder.cut()
        eventually(lambda: not health(skewed)["broker"]["publishing"])
        tale.send(wrong, right, count=3)
        eventually(lambda: accepted(own, wrong))
    own.forwarder.mend()
    with own.at_work(wrong, right) as (daemon,):  # on the true clock
        eventually(lambda: [seconds for seconds in jumped(own, wrong) if seconds < -HOUR])
        sent = [each for each in tale.expected if each.sender == wrong and each not in tale.seen and each.what == "0"]
        assert len(sent) == 3
        # They were dated two years ahead: refused, the sender told, and sent again by the clerks.
        eventually(lambda: reasons(own, wrong))
        for path in sorted(own.folder(wrong, "sent").rglob("*.edxml"))[-3:]:
            shutil.copy2(path, own.folder(wrong, "outgoing", path.name))
        tale.ends_well(daemon)


# -- twins -------------------------------------------------------------------------------------------------------------


@contextmanager
def twin_of(site: Site, code: MailboxCode, root: Path) -> Iterator[Site]:
    """Yields another machine with a copy of the mailbox's keys and TOML; its store and its document system are its
    own."""
    country = dataclasses.replace(site.country, root=root, mailboxes=(code,))
    for name in ("config", "stores", "logs", "dms"):
        (root / name).mkdir(parents=True)
    text = site.country.config(code).read_text(encoding="utf-8")
    text = text.replace(f"{site.country.root}/stores", f"{root}/stores").replace(
        f"{site.country.root}/dms", f"{root}/dms"
    )
    country.config(code).touch(mode=0o600)
    country.config(code).write_text(text, encoding="utf-8")
    yield Site(country, site.forwarder, site.papers)


def test_two_machines_for_one_mailbox(surroundings: Site, tale: Tale, tmp_path: Path) -> None:
    """Both consume the inbox, so each gets a part of the mail: RabbitMQ allows it (no exclusive consumer on a quorum
    queue). Each notices the other and reports it in both languages, and in /healthz, until one is stopped. Nothing is
    lost and nothing filed twice between the two: what one took is in its document system."""
    sender, code, _ = surroundings.country.mailboxes
    with (
        configured(surroundings, code, broker__heartbeat=5),
        twin_of(surroundings, code, tmp_path / "twin") as twin,
        surroundings.at_work(sender) as (other,),
        surroundings.at_work(code) as (first,),
    ):
        tale.send(sender, code, count=2)
        tale.ends_well(first, other)
        with twin.at_work(code) as (second,):
            tale.desks["twin"] = Desk(code, twin.country.dms(code))
            for daemon in (first, second):
                said = eventually(lambda daemon=daemon: failing(daemon, code, "watch"))  # type: ignore[misc]
                assert f"Có 2 tiến trình cùng nhận thư của hộp thư {code}" in said
                assert "Find and stop the other one" in said
                assert "[inbox-shared; operator acts]" in said
                assert daemon.page("/healthz")[0] == 503
            for site in (surroundings, twin):
                assert len(events(site, code, "inbox.shared")) == 1
            tale.send(sender, code, count=40)
            eventually(lambda: tale.filed(code) == 42)
            assert list(twin.folder(code, "incoming").glob("*.edxml"))
            eventually(lambda: not health(second)["inbox"].get("waiting"))
        eventually(lambda: first.page("/healthz")[0] == 200, within=120)
        eventually(tale.look, within=120, every=0.1)
        hurry(surroundings, code, "sent")  # their receipts went to the other machine
        tale.ends_well(first, other)
