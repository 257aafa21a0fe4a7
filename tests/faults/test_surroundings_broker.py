"""The broker with faults, and real daemons around it: stopped, killed, full, short of memory or disk."""

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from bus.topology.names import inbox_of
from schemas.values import MailboxCode
from tests.e2e.site import Daemon, Site, eventually
from tests.faults.broker import Node
from tests.faults.tale import FULL, PATIENT, Tale, a_while, accepted, events, failing, health, hurry, logged

pytestmark = PATIENT

TRAFFIC = 2000 if FULL else 300
"""Documents accepted while the broker is away: a morning of a busy ministry, or enough for several batches."""
MINUTE = 60.0
PUBLISH = "publish"


def waiting(daemon: Daemon, code: MailboxCode) -> int:
    return int(health(daemon, code).get("outbox", {}).get("waiting", 0))


def test_stopped_while_documents_are_written(node: Node, surroundings: Site, tale: Tale) -> None:
    """All documents are accepted meanwhile and wait in the outbox; /healthz, log and commands name the fault and the
    remedy. Once the broker is back all are filed once, and each sender gets 01, 03, 06 in that order."""
    sender, one, other = surroundings.country.mailboxes
    with surroundings.at_work() as (daemon,):
        tale.send(sender, one, count=3)
        tale.ends_well(daemon, in_order=True)
        with node.stopped():
            tale.send(sender, one, other, count=TRAFFIC // 2)
            tale.send(sender, other, count=TRAFFIC // 2)
            eventually(lambda: accepted(surroundings, sender), within=300)
            assert waiting(daemon, sender) == TRAFFIC
            said = eventually(lambda: failing(daemon, sender, PUBLISH))
            assert "Không kết nối được RabbitMQ" in said
            assert "Dịch vụ kết nối tự thử lại, còn lệnh thì chạy lại;" in said
            assert "look at the broker and the network" in said
            assert daemon.page("/healthz")[0] == 503
            assert logged(daemon, "broker.lost")
            listed = surroundings.command("outbox", "list", "--state", "waiting", "--limit", "5", code=sender).output
            assert re.search(rf"outbox: .*{TRAFFIC} waiting", listed)
            a_while(MINUTE)
        tale.ends_well(daemon, within=300 + TRAFFIC / 5, in_order=True)
        eventually(lambda: daemon.page("/healthz")[0] == 200)


def test_killed_in_the_middle_of_traffic(node: Node, surroundings: Site, tale: Tale) -> None:
    """Killed between two confirms, at both ends: confirmed messages are still there, the others are published again and
    filed once."""
    sender, one, other = surroundings.country.mailboxes
    with surroundings.at_work(processes=2) as daemons:
        for _ in range(3 if FULL else 1):
            before = tale.filed(one)
            tale.send(sender, one, other, count=60)
            tale.send(one, sender, count=40)
            eventually(lambda before=before: tale.filed(one) > before + 5)  # type: ignore[misc]
            with node.stopped(killed=True):
                tale.send(sender, one, other, count=20)
                eventually(lambda: accepted(surroundings, sender))
        tale.ends_well(*daemons, within=180)
    for code in surroundings.country.mailboxes:
        assert not events(surroundings, code, "status.illegal")


def test_one_full_inbox_holds_up_nobody_else(node: Node, surroundings: Site, tale: Tale) -> None:
    """The recipient is away, and its queue holds five: the broker refuses the rest, which waits at the sender and is
    listed with the full inbox's name. The others get theirs at once. When the recipient is back all is filed."""
    sender, open_, away = surroundings.country.mailboxes
    with surroundings.at_work(sender, open_) as (daemon,), capped(node, surroundings, away, 5):
        tale.send(sender, open_, away, count=10)  # five, and those in flight when it was full
        eventually(lambda: tale.filed(open_) == 10)
        tale.send(sender, open_, away, count=15)
        tale.send(sender, open_, count=5)
        eventually(lambda: tale.filed(open_) == 30)
        stuck = eventually(lambda: refused(surroundings, sender))
        assert {len(row["docket"]["recipients"]) for row in stuck} == {2}
        shown = surroundings.command("outbox", "show", stuck[0]["docket"]["id"], code=sender).output
        assert (
            f"the inbox of {away} is full. It is tried again; tell {away}. [broker-refused; operator acts]"
            in " ".join(shown.split())
        )
        assert logged(daemon, "publish.trouble")
        with surroundings.at_work(away) as (late,):
            hurry(surroundings, sender)
            tale.ends_well(daemon, late, in_order=True)


@contextmanager
def capped(node: Node, site: Site, code: MailboxCode, most: int) -> Iterator[None]:
    """Limits the inbox to `most` messages during the block: by an operator's policy, over our own."""
    vhost = urlsplit(tomllib.loads(site.country.config(code).read_text(encoding="utf-8"))["broker"]["url"]).path[1:]
    path = f"/api/operator-policies/{vhost}/capped"
    definition = {"pattern": f"^{re.escape(inbox_of(code))}$", "apply-to": "queues", "definition": {"max-length": most}}
    with node.world.api() as api:
        api.put(path, json=definition).raise_for_status()
        try:
            queue = f"/api/queues/{vhost}/{inbox_of(code)}"
            eventually(lambda: api.get(queue).json().get("effective_policy_definition", {}).get("max-length") == most)
            yield
        finally:
            api.delete(path).raise_for_status()


def refused(site: Site, code: MailboxCode) -> list[dict[str, Any]]:
    """Returns the entries that wait because the broker refused them, as an operator sees them."""
    rows = site.json("outbox", "list", "--state", "waiting", code=code)
    return [row for row in rows if "broker-refused" in (row.get("error") or "")]


@pytest.mark.parametrize(
    ("short", "enough", "said"),
    [
        pytest.param(
            ("set_vm_memory_high_watermark", "absolute", "1MB"),
            ("set_vm_memory_high_watermark", "absolute", "2GB"),
            "low on memory",
            id="memory",
        ),
        pytest.param(("set_disk_free_limit", "900000GB"), ("set_disk_free_limit", "50MB"), "low on disk", id="disk"),
    ],
)
def test_an_alarm_blocks_publishing_and_nothing_else(
    node: Node, surroundings: Site, tale: Tale, short: tuple[str, ...], enough: tuple[str, ...], said: str
) -> None:
    """While the broker is short of memory or disk, documents are accepted and wait; /healthz and the log give the
    reason in the broker's own words. The daemon goes on by itself when the alarm ends."""
    sender, one, other = surroundings.country.mailboxes
    with surroundings.at_work() as (daemon,):
        tale.send(sender, one, count=3)
        tale.ends_well(daemon)
        node.broker.ctl(*short)
        try:
            tale.send(sender, one, other, count=30)
            blocked = eventually(lambda: health(daemon, sender)["broker"]["blocked"], within=60)
            assert said in blocked
            eventually(lambda: accepted(surroundings, sender))
            assert [fact["reason"] for fact in logged(daemon, "broker.blocked")][-1] == blocked
            assert said in eventually(lambda: failing(daemon, sender, PUBLISH), within=60)
            assert daemon.page("/healthz")[0] == 503
            a_while(MINUTE)
        finally:
            node.broker.ctl(*enough)
        tale.ends_well(daemon, in_order=True)
        assert logged(daemon, "broker.unblocked")
