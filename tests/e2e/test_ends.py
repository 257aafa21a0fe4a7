"""The end of daemon processes, by SIGTERM, SIGKILL or a refused start: nothing is lost or filed twice by it."""

import json
import signal
import subprocess
import time

from deploy.country import LIENTHONG
from deploy.people import People
from tests.e2e.site import Daemon, Site, eventually

PROMISED = 5.0
"""Seconds from SIGTERM to the end of the process."""


def ended_after(daemon: Daemon) -> float:
    began = time.monotonic()
    daemon.process.send_signal(signal.SIGTERM)
    daemon.process.wait(timeout=60)
    return time.monotonic() - began


def test_asked_to_end_while_its_document_system_sleeps(site: Site) -> None:
    """The process ends within five seconds with exit code 0; the document being filed is filed once by the next
    daemon."""
    sender, sleepy, _ = site.country.mailboxes
    config = site.country.config(sleepy)
    awake = config.read_text(encoding="utf-8")
    config.write_text(awake.replace("adapters.folder:FolderAdapter", "tests.e2e.sleepy:SleepyAdapter"))
    sent = site.new(sender, sleepy)
    with site.at_work(sender, sleepy) as (daemon,):
        site.folder(sleepy, "asleep").touch()
        site.drop(sent)
        eventually(site.folder(sleepy, "sleeping").exists)
        assert ended_after(daemon) < PROMISED
        assert daemon.process.returncode == 0
        (left,) = [fact for fact in daemon.facts() if fact["event"] == "daemon.left-working"]
        assert left["loops"] == [f"{sleepy}.deliver"]
    config.write_text(awake)
    assert not site.filed(sleepy, sent.id)
    with site.at_work(sender, sleepy):
        eventually(lambda: site.heard(sender, sent.id) == [("01", sleepy)])
        assert len(site.filed(sleepy, sent.id)) == 1


def test_asked_to_end_with_nothing_to_do(site: Site) -> None:
    """The process ends with exit code 0 and no loop at work, and its last log line says so."""
    with site.at_work() as (daemon,):
        assert ended_after(daemon) < PROMISED
        assert daemon.process.returncode == 0
        last = [fact["event"] for fact in daemon.facts() if fact["event"].startswith(("daemon.", "mailbox."))]
        assert last[-4:] == ["daemon.stopping", *["mailbox.stopped"] * 3]


def test_asked_to_end_while_the_network_is_stalled(site: Site) -> None:
    """Nobody answers any more, and no connection is closed: a process of three mailboxes still ends in time."""
    sender, one, other = site.country.mailboxes
    sent = site.new(sender, one, other)
    with site.at_work() as (daemon,):
        site.forwarder.stall()
        try:
            site.drop(sent)
            eventually(lambda: not list(site.folder(sender, "outgoing").glob("*.edxml")))
            assert ended_after(daemon) < PROMISED
            assert daemon.process.returncode == 0
        finally:
            site.forwarder.mend()
    with site.at_work():
        eventually(lambda: site.heard(sender, sent.id) == [("01", one), ("01", other)])
        assert [len(site.filed(code, sent.id)) for code in (one, other)] == [1, 1]


def test_killed_in_the_middle_of_traffic(site: Site) -> None:
    """Killed twice, both processes at once: nothing is lost, nothing is filed twice, and every status comes back
    once."""
    people = People(site.country, site.papers, documents=40, seed=7)
    for desk in people.desks.values():
        list(desk.look())  # files of other tests do not belong to this story
    for before in (0, 60):
        with site.at_work(processes=2) as daemons:
            people.write_some(20)
            eventually(lambda before=before: len(looked(people).seen) > before)  # type: ignore[misc]
            for daemon in daemons:
                daemon.process.kill()
            for daemon in daemons:
                daemon.process.wait()
    assert people.missing
    with site.at_work(processes=2):
        eventually(lambda: not looked(people).missing)
        time.sleep(0.5)  # a duplicate would come now
        people.look()
    ours = {document.id for document in people.sent}
    assert (people.missing, people.duplicates) == (set(), 0)
    assert not {each for each in people.unforeseen if each.document in ours}


def looked(people: People) -> People:
    people.look()
    return people


def test_a_second_daemon_of_one_store_is_refused(site: Site) -> None:
    """It ends with exit code 1 and says in both languages who has the store; the first one goes on."""
    code = site.country.mailboxes[0]
    with site.at_work(code) as (daemon,):
        command = [*LIENTHONG, "adapter", "run", str(site.country.config(code))]
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 1
        said = {json.loads(line)["event"] for line in second.stdout.splitlines()}
        assert said == {"broker.plain", "directory.unsigned"}  # warnings about settings for trials, at every start
        store = site.country.root / "stores" / f"{code}.db"
        assert second.stderr.splitlines() == [
            f"Kho {store} đang do tiến trình {daemon.process.pid} dùng. "
            "Người vận hành dừng tiến trình đó trước, hoặc dùng kho khác. [already-running; người vận hành xử lý]",
            f"Store {store} is in use by process {daemon.process.pid}. "
            "Stop that process first, or use another store. [already-running; operator acts]",
        ]
        assert daemon.page("/healthz")[0] == 200
