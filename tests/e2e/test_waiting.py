"""What waits in a document system and does not go on is said wherever people look, while it lasts."""

import json
from typing import Any

import pytest

from schemas.edxml import write
from tests.e2e.site import Daemon, Site, eventually


@pytest.mark.long
def test_a_file_that_is_never_taken_is_named_within_two_minutes(site: Site) -> None:
    """A package under a name that is no package's: in the log, in `events`, at /healthz, in /metrics, by `adapter
    check`, and beside it. Under its right name it is sent, and that is said, too."""
    sender, recipient, _ = site.country.mailboxes
    document = site.new(sender, recipient)
    with site.at_work() as (daemon,):
        wrong = site.folder(sender, "outgoing", "công văn.edxml.txt")
        wrong.write_bytes(write(document))
        (said,) = eventually(lambda: facts(daemon, "dms.waiting"), every=1)
        assert said["ref"] == "outgoing/công văn.edxml.txt"
        assert 'Rename it to "công văn.edxml".' in said["error"]
        (event,) = eventually(lambda: site.json("events", "--name", "dms.waiting", code=sender))
        assert 'Đổi tên thành "công văn.edxml".' in event["detail"]
        status, body = daemon.page("/healthz")
        (mailbox,) = [each for each in json.loads(body)["mailboxes"] if each["mailbox"] == sender]
        assert (status, mailbox["ok"], mailbox["troubles"]["count"]) == (503, False, 1)
        assert f'lienthong_troubles{{mailbox="{sender}"}} 1.0' in daemon.page("/metrics")[1]
        found = site.command("adapter", "check", str(site.country.config(sender)), "--wait", "10")
        assert found.exit_code == 0  # the daemon can work: one file waits
        assert "outgoing/công văn.edxml.txt" in found.output
        assert wrong.with_name("công văn.edxml.txt.reason").is_file()
        wrong.rename(wrong.with_name("công văn.edxml"))
        eventually(lambda: site.filed(recipient, document.id))
        eventually(lambda: facts(daemon, "dms.went-on"), every=1)
        eventually(lambda: site.json("events", "--name", "dms.went-on", code=sender))
        assert eventually(lambda: daemon.page("/healthz")[0] == 200)
        assert not list(site.folder(sender, "outgoing").iterdir())


def facts(daemon: Daemon, name: str) -> list[dict[str, Any]]:
    return [fact for fact in daemon.facts() if fact["event"] == name]
