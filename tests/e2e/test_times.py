"""Times through a real broker and real daemon processes: an expired document is reported, an overdue one is reported,
an urgent one arrives whatever the broker's version."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from schemas.codes import Priority
from schemas.values import VIETNAM, MailboxCode
from tests.e2e.site import Site, eventually


@contextmanager
def configured(site: Site, code: MailboxCode, *lines: str) -> Iterator[None]:
    """Adds these lines to the daemon's TOML during the block."""
    config = site.country.config(code)
    before = config.read_text(encoding="utf-8")
    config.write_text(before.replace("[adapter]", "\n".join((*lines, "[adapter]")), 1), encoding="utf-8")
    try:
        yield
    finally:
        config.write_text(before, encoding="utf-8")


def reasons(site: Site, code: MailboxCode) -> str:
    """Returns all texts that the clerk reads in `rejected/`."""
    return "\n".join(path.read_text(encoding="utf-8") for path in site.folder(code, "rejected").glob("*.reason"))


def test_an_urgent_document_is_filed_once(site: Site) -> None:
    """An urgent document comes by a lane and by the inbox, or by the inbox alone: its recipient has it once, and its
    sender knows."""
    sender, recipient, _ = site.country.mailboxes
    sent = site.new(sender, recipient).model_copy(update={"priority": Priority.IMMEDIATE})
    with site.at_work(sender, recipient):
        site.drop(sent)
        eventually(lambda: site.heard(sender, sent.id) == [("01", recipient)])
        assert len(site.filed(recipient, sent.id)) == 1


def test_what_expires_is_told_and_told_again_when_it_came_after_all(site: Site) -> None:
    """The recipient is away: the sender's clerk reads who did not get the document in time. The recipient comes back,
    within the tolerance of clocks, and files it: the clerk reads that in the same place."""
    sender, recipient, _ = site.country.mailboxes
    sent = site.new(sender, recipient).model_copy(update={"priority": Priority.IMMEDIATE_TIMED})
    with configured(site, sender, "[expiry]", 'immediate_timed = "2s"'), site.at_work(sender):
        site.drop(sent)
        eventually(lambda: "not-in-time" in reasons(site, sender))
        (event, *_) = site.json("events", "--name", "outbox.expired", code=sender)
        assert sent.id in event["detail"]
        assert recipient in event["detail"]
    with site.at_work(sender, recipient):
        eventually(lambda: "held-after-all" in reasons(site, sender))
        eventually(lambda: site.heard(sender, sent.id) == [("01", recipient)])
    assert "not-in-time" not in reasons(site, sender)
    assert len(site.filed(recipient, sent.id)) == 1
    words = site.command("trace", sent.id, code=sender, columns=200).stdout
    assert "outbox.expired" in words
    assert "outbox.held-after-all" in words


def test_what_is_due_and_not_taken_up_is_said(site: Site) -> None:
    """An overdue document is reported in the log, the events, the trace and the metrics, each once."""
    sender, recipient, _ = site.country.mailboxes
    today = datetime.now(VIETNAM).date()
    sent = site.new(sender, recipient).model_copy(update={"due_on": today - timedelta(days=2)})
    with site.at_work(sender):
        site.drop(sent)
        eventually(lambda: not list(site.folder(sender, "outgoing").glob("*.edxml")))
    with site.at_work(sender) as (daemon,):  # it checks at its start, then every minute
        (fact,) = eventually(lambda: [each for each in daemon.facts() if each["event"] == "deadline.passed"])
        assert fact["document"] == sent.id
        assert recipient in fact["said"]
        _, metrics = daemon.page("/metrics")
        assert f'lienthong_road_total{{mailbox="{sender}",step="deadlines_passed"}} 1.0' in metrics
    (event, *_) = site.json("events", "--name", "deadline.passed", code=sender)
    assert event["document"] == sent.id
    assert "deadline.passed" in site.command("trace", sent.id, code=sender).stdout
    with site.at_work(sender, recipient):  # other stories must find nothing on the way
        eventually(lambda: site.heard(sender, sent.id) == [("01", recipient)])
