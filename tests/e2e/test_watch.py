"""The reports of a running daemon: /healthz, /metrics and its log. Facts, and never a document's words."""

import json
import tomllib
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.document import Document
from schemas.values import MailboxCode
from tests.e2e.site import Daemon, Site, eventually


@pytest.fixture(scope="module")
def daemon(site: Site) -> Iterator[Daemon]:
    with site.at_work() as (daemon,):
        yield daemon


@pytest.fixture(scope="module")
def sent(site: Site, daemon: Daemon) -> Document:
    """Sends a document from the first mailbox to the second, waits for its 01, and drops a package that is refused."""
    sender, one, _ = site.country.mailboxes
    document = site.new(sender, one)
    site.drop(document)
    (site.folder(sender, "outgoing") / "không phải gói.edxml").write_bytes(b"<edXML>nothing</edXML>")
    eventually(lambda: site.heard(sender, document.id))
    eventually(lambda: list(site.folder(sender, "rejected").glob("không phải gói*.reason")))
    return document


def number(daemon: Daemon, name: str, **labels: str) -> float | None:
    """Returns one sample of /metrics; None if there is none of that name and those labels."""
    status, text = daemon.page("/metrics")
    assert status == 200
    families = text_string_to_metric_families(text)
    samples = (sample for family in families for sample in family.samples)
    return next((sample.value for sample in samples if (sample.name, sample.labels) == (name, labels)), None)


def told(daemon: Daemon, mailbox: str) -> list[tuple[str, str]]:
    """Returns the events of a mailbox's loops: (event, loop)."""
    return [(fact["event"], fact["loop"]) for fact in daemon.facts() if "loop" in fact and fact["mailbox"] == mailbox]


def events(site: Site, mailbox: MailboxCode, name: str) -> list[str]:
    """Returns the names of a mailbox's events, the newest first."""
    return [event["name"] for event in site.json("events", "--name", name, code=mailbox)]


def test_health_tells_of_every_mailbox(site: Site, daemon: Daemon, sent: Document) -> None:
    """Status 200, and for each mailbox: its link, its loops, and the number of messages in each state."""
    # The file is there a moment before it is counted.
    eventually(lambda: json.loads(daemon.page("/healthz")[1])["mailboxes"][0]["inbox"].get("done"))
    status, text = daemon.page("/healthz")
    said = json.loads(text)
    assert (status, said["ok"]) == (200, True)
    assert [mailbox["mailbox"] for mailbox in said["mailboxes"]] == list(site.country.mailboxes)
    sender = said["mailboxes"][0]
    assert {"collect", "publish", "take-in", "deliver"} <= sender["loops"].keys()
    assert all(loop["failing_since"] is None for loop in sender["loops"].values())
    assert (sender["broker"]["publishing"], sender["broker"]["consuming"]) == (True, True)
    assert sender["inbox"]["done"] >= 1
    eventually(lambda: json.loads(daemon.page("/healthz")[1])["mailboxes"][0]["outbox"].get("done"))


def test_metrics_count_the_road(site: Site, daemon: Daemon, sent: Document) -> None:
    """The numbers of messages accepted, refused, confirmed, held and filed since the start; those in each state; the
    links."""
    sender, one, _ = site.country.mailboxes
    for mailbox, step in ((sender, "accepted"), (sender, "rejected"), (one, "filed")):
        eventually(lambda at=(mailbox, step): number(daemon, "lienthong_road_total", mailbox=at[0], step=at[1]) == 1)  # type: ignore[misc]
    eventually(lambda: number(daemon, "lienthong_messages", mailbox=sender, box="inbox", state="done"))
    for mailbox in site.country.mailboxes:
        assert number(daemon, "lienthong_link_up", mailbox=mailbox) == 1
    assert number(daemon, "lienthong_loop_failing", mailbox=sender, loop="publish") == 0
    eventually(lambda: number(daemon, "lienthong_oldest_waiting_seconds", mailbox=sender, box="outbox") == 0)
    assert number(daemon, "process_resident_memory_bytes")


def test_other_pages_say_which_there_are(daemon: Daemon) -> None:
    """Status 404, with the names of the two pages that exist."""
    assert daemon.page("/") == (404, "/healthz, /metrics\n")


def test_health_says_when_the_broker_is_away_and_back(site: Site, daemon: Daemon, sent: Document) -> None:
    """Status 503 with the reason, and a gauge at 0, while there is no connection; waiting messages go when it is
    back."""
    sender, one, _ = site.country.mailboxes
    site.forwarder.cut()
    waiting = site.new(sender, one)
    try:
        eventually(lambda: daemon.page("/healthz")[0] == 503)
        assert f"{sender}: no connection to RabbitMQ" in str(json.loads(daemon.page("/healthz")[1])["wrong"])
        site.drop(waiting)
        eventually(lambda: number(daemon, "lienthong_messages", mailbox=sender, box="outbox", state="waiting") == 1)
        eventually(lambda: number(daemon, "lienthong_loop_failing", mailbox=sender, loop="publish") == 1)
        said = json.loads(daemon.page("/healthz")[1])
        assert not said["ok"]
        assert said["mailboxes"][0]["broker"]["last_error"]
        assert "broker-away" in said["mailboxes"][0]["loops"]["publish"]["error"]
        assert number(daemon, "lienthong_link_up", mailbox=sender) == 0
        eventually(lambda: events(site, sender, "broker") == ["broker.away"])
    finally:
        site.forwarder.mend()
    eventually(lambda: daemon.page("/healthz")[0] == 200)
    eventually(lambda: site.heard(sender, waiting.id))
    eventually(lambda: events(site, sender, "broker") == ["broker.back", "broker.away"])


def test_a_refused_submission_is_an_event(site: Site, daemon: Daemon, sent: Document) -> None:
    """With the name of its file, in both languages: an operator need not read the log, nor the clerk's folder."""
    sender = site.country.mailboxes[0]
    (event,) = site.json("events", "--name", "submission.refused", code=sender)
    assert "không phải gói.edxml" in event["detail"]
    assert "[bad-package; nơi gửi xử lý]" in event["detail"]
    assert "[bad-package; sender acts]" in event["detail"]


def test_all_threads_live(daemon: Daemon) -> None:
    """As many as there should be: each mailbox's loops, the HTTP port and the one that speaks AMQP."""
    threads = json.loads(daemon.page("/healthz")[1])["threads"]
    assert threads["expected"] == threads["alive"] > 20
    assert threads["ended"] == []
    assert number(daemon, "lienthong_threads_alive") == threads["alive"]


def test_the_log_is_facts_without_content(site: Site, daemon: Daemon, sent: Document) -> None:
    """Every line is a JSON object with an event and a time. No subject, attachment or password is in the log or on the
    pages. A fault is reported once, and once when it is over."""
    sender, one, _ = site.country.mailboxes
    site.forwarder.cut()
    try:
        site.drop(site.new(sender, one))
        eventually(lambda: ("loop.failing", "publish") in told(daemon, sender))
    finally:
        site.forwarder.mend()
    eventually(lambda: ("loop.recovered", "publish") in told(daemon, sender))
    facts = daemon.facts()
    assert all({"event", "level", "timestamp"} <= fact.keys() for fact in facts)
    assert {"mailbox.started", "submission.refused", "broker.connected"} <= {fact["event"] for fact in facts}
    assert told(daemon, sender).count(("loop.failing", "publish")) <= 4  # two faults, and the link's text changed
    everything = daemon.words() + daemon.page("/healthz")[1] + daemon.page("/metrics")[1]
    for code in site.country.mailboxes:
        config = tomllib.loads(site.country.config(code).read_text(encoding="utf-8"))
        assert unquote(urlsplit(config["broker"]["url"]).password or "") not in everything
    for word in (sent.subject, sent.attachments[0].name, "%PDF", sent.sender.name or ""):
        assert word not in everything
