"""The operators' commands beside a running daemon: their output for people at 100 columns, and for programs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.codes import StatusCode
from schemas.document import Document
from schemas.values import MailboxCode
from tests.e2e.site import Site, eventually

COLUMNS = 100


@pytest.fixture(scope="module", autouse=True)
def _daemon(site: Site) -> Iterator[None]:
    """Runs daemons of the first two mailboxes; the third's does not run."""
    with site.at_work(*site.country.mailboxes[:2]):
        yield


@pytest.fixture(scope="module")
def codes(site: Site) -> tuple[MailboxCode, ...]:
    return site.country.mailboxes


@pytest.fixture(scope="module")
def sent(site: Site, codes: tuple[MailboxCode, ...]) -> Document:
    """Sends a document to a recipient at work and to one that is not: at the sender its state is sent, not done."""
    sender, one, other = codes
    document = site.new(sender, one, other)
    site.drop(document)
    eventually(lambda: site.heard(sender, document.id))
    site.say(StatusCode.ACCEPTED, document, one, sender)
    eventually(lambda: len(site.heard(sender, document.id)) == 2)
    # A status lies in its folder a moment before the store says so.
    eventually(lambda: site.json("trace", document.id, code=sender)[-1]["what"].startswith("handling: 03"))
    return document


def message_of(site: Site, box: str, code: MailboxCode, document: Document, kind: str = "document") -> str:
    rows = site.json(box, "list", "--limit", "1000", code=code)
    (id_,) = {
        row["docket"]["id"]
        for row in rows
        if (row["docket"]["kind"], row["docket"].get("document", {}).get("id")) == (kind, document.id)
    }
    return str(id_)


def fits(text: str) -> bool:
    return max(map(len, text.splitlines())) <= COLUMNS


def test_the_outbox_is_readable_at_80_columns(site: Site, codes: tuple[MailboxCode, ...], sent: Document) -> None:
    """Ids are complete, so that they can be copied; kind, recipients and state are beside them."""
    sender, one, _ = codes
    said = site.command("outbox", "list", "--state", "sent", code=sender, columns=80).output
    assert max(map(len, said.splitlines())) <= 80
    lines = said.splitlines()
    assert lines[1].split() == ["message", "state", "entered", "+07", "tries"]
    (at,) = [number for number, line in enumerate(lines) if message_of(site, "outbox", sender, sent) in line]
    assert re.search(r" sent +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", lines[at])
    assert f"{sender} → {one}" in lines[at + 1]
    assert "Văn bản mới / New" in lines[at + 1]
    assert sent.id in " ".join(line.strip() for line in lines[at + 1 : at + 3])
    assert re.match(r"outbox: .*\d+ sent", lines[-1])


def test_where_a_document_stands(site: Site, codes: tuple[MailboxCode, ...], sent: Document) -> None:
    """At each recipient: taken up by one, at the broker for the other; at the recipient, by its number."""
    sender, one, other = codes
    rows = site.json("documents", sent.id, code=sender)
    assert {row["to"]: row["stage"] for row in rows} == {one: "03", other: "at-broker"}
    said = site.command("documents", "--number", str(sent.number), code=sender, columns=80).output
    assert max(map(len, said.splitlines())) <= 80
    assert "03 Đã tiếp nhận" in said
    (row,) = site.json("documents", "--received", "--number", str(sent.number), code=one)
    assert (row["document"], row["from"], row["stage"]) == (sent.id, sender, "03")


def test_the_inbox_names_statuses(site: Site, codes: tuple[MailboxCode, ...], sent: Document) -> None:
    """Each status has its code, its name, and the agency that reports it."""
    sender, one, _ = codes
    said = site.command("inbox", "list", code=sender).output
    assert fits(said)
    assert "03 Đã tiếp nhận / Accepted" in said
    assert f"{one} → {sender}" in said
    rows = site.json("inbox", "list", "--state", "done", "--limit", "2", code=sender)
    assert len(rows) == 2
    assert {row["state"] for row in rows} == {"done"}


def test_show_tells_all_of_one_message(site: Site, codes: tuple[MailboxCode, ...], sent: Document) -> None:
    """Shows its docket, its receipts so far, and its deadline; at the other end, the document system's name for it."""
    sender, one, _ = codes
    message = message_of(site, "outbox", sender, sent)
    said = site.command("outbox", "show", message, code=sender).output
    assert f"receipt {one}" in said
    assert "next try" in said
    assert sent.subject not in said
    row = site.json("outbox", "show", message, code=sender)
    assert (row["docket"]["document"]["id"], row["state"]) == (sent.id, "sent")
    assert [receipt["mailbox"] for receipt in row["receipts"]] == [one]
    held = site.json("inbox", "show", message_of(site, "inbox", one, sent), code=one)
    assert (site.country.dms(one) / held["ref"]).is_file()


def test_trace_tells_the_whole_story(site: Site, codes: tuple[MailboxCode, ...], sent: Document) -> None:
    """Every step in the order of time, at 100 columns, each message by a number that the end explains."""
    sender, one, _ = codes
    said = site.command("trace", sent.id, code=sender).output
    assert fits(said)
    assert said.startswith(sent.id)
    steps = [step["what"] for step in site.json("trace", sent.id, code=sender)]
    order = ("document accepted", "document published", "document held by recipient", "handling: 01 Đã đến")
    assert sorted(order, key=steps.index) == list(order)
    assert steps[-1] == "handling: 03 Đã tiếp nhận"
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  đã nhận từ phần mềm .* 1$", said, re.MULTILINE)
    assert f"  1  {message_of(site, 'outbox', sender, sent)}" in said.splitlines()
    assert "document filed" in [step["what"] for step in site.json("trace", sent.id, code=one)]


def test_retry_publishes_again_what_has_no_receipt(site: Site, codes: tuple[MailboxCode, ...], sent: Document) -> None:
    """Publishes again to the recipient without a receipt; the other one has it once. Without a message it retries the
    parked ones."""
    sender, one, _ = codes
    message = message_of(site, "outbox", sender, sent)
    before = site.json("outbox", "show", message, code=sender)["attempts"]
    said = site.command("outbox", "retry", message, code=sender).output
    assert said == f"{message}\nSẽ thử lại ngay 1 bản tin. / To be tried again now: 1.\n"
    eventually(lambda: site.json("outbox", "show", message, code=sender)["attempts"] > before + 1)
    assert len(site.filed(one, sent.id)) == 1
    assert (
        site.command("outbox", "retry", code=sender).output == "Không có bản tin nào đang dừng. / Nothing is parked.\n"
    )
    assert site.json("inbox", "retry", code=sender) == []


def test_what_is_not_possible_is_said(site: Site, codes: tuple[MailboxCode, ...], sent: Document) -> None:
    """Exit code 1, in both languages on standard error, nothing on standard output, with --json too."""
    sender, *_ = codes
    message = message_of(site, "outbox", sender, sent)
    for verb, vi in (("withdraw", "rút lại"), ("release", "thả lại")):
        result = site.command("outbox", verb, message, "--json", code=sender)
        assert (result.exit_code, result.stdout) == (1, "")
        assert f"Không thể {vi} bản tin {message}: đã gửi đi." in result.stderr
        assert f"Cannot {verb} message {message}: it is sent" in result.stderr
    missing = site.command("inbox", "show", message, code=sender)
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert "no-such-message" in missing.stderr
    assert site.command("trace", "nothing of that name", code=sender).exit_code == 1


def test_withdrawn_before_it_leaves(site: Site, codes: tuple[MailboxCode, ...]) -> None:
    """While the broker is away an accepted document can be taken back; it never reaches anybody, and the package in
    sent/ is marked."""
    sender, one, _ = codes
    document = site.new(sender, one)
    site.forwarder.cut()
    try:
        site.drop(document)
        message = eventually(lambda: _waiting(site, sender, document))
        said = site.command("outbox", "withdraw", message, code=sender).output
        assert said == f"Đã rút bản tin {message}. / Withdrawn: {message}.\n"
        marked = eventually(lambda: list(site.folder(sender, "sent").rglob("*.withdrawn")))
        assert any(message in path.read_text(encoding="utf-8") for path in marked)
    finally:
        site.forwarder.mend()
    follower = site.new(sender, one)
    site.drop(follower)
    eventually(lambda: site.filed(one, follower.id))
    assert not site.filed(one, document.id)
    assert site.json("outbox", "show", message, code=sender)["state"] == "cancelled"


def _waiting(site: Site, code: MailboxCode, document: Document) -> str:
    return _only(site.json("outbox", "list", "--state", "waiting", code=code), document)


def test_a_refused_message_is_explained_and_released(site: Site, codes: tuple[MailboxCode, ...]) -> None:
    """The recipient cannot open it while a key is missing; once the key is back and the message released, it is filed.
    The sender was told."""
    sender, _, late = codes
    keys = site.country.root / "keys" / late
    document = site.new(sender, late)
    site.drop(document)
    other = site.country.root / "keys" / sender / "sealing-1.pem"
    own = (keys / "sealing-1.pem").read_bytes()
    (keys / "sealing-1.pem").write_bytes(other.read_bytes())
    with site.at_work(late):
        message = eventually(lambda: _refused(site, late, document))
        eventually(lambda: list(site.folder(sender, "rejected").glob(f"*{message}*.reason")))
    said = site.command("inbox", "list", "--state", "refused", code=late).output
    assert fits(said)
    assert "cannot be opened" in " ".join(said.split())
    (keys / "sealing-1.pem").write_bytes(own)
    assert "1 bản tin" in site.command("inbox", "release", message, code=late).output
    with site.at_work(late):
        eventually(lambda: site.filed(late, document.id))
    steps = [step["what"] for step in site.json("trace", document.id, code=late)]
    assert [step for step in steps if step in ("inbox.refused", "inbox.release", "document filed")] == [
        "inbox.refused",
        "inbox.release",
        "document filed",
    ]


def _refused(site: Site, code: MailboxCode, document: Document) -> str:
    return _only(site.json("inbox", "list", "--state", "refused", code=code), document)


def _only(rows: list[dict[str, Any]], document: Document) -> str:
    """Returns the id of the message that carries a document; "" if none does."""
    carried = (row["docket"] for row in rows if row["docket"]["kind"] == "document")
    return next((docket["id"] for docket in carried if docket["document"]["id"] == document.id), "")


# -- adapter check -----------------------------------------------------------------------------------------------------


def test_a_good_configuration_is_ready(site: Site, codes: tuple[MailboxCode, ...]) -> None:
    """The check works beside a running daemon, too: one line for people, nothing but JSON for programs."""
    path = site.country.config(codes[0])
    said = site.command("adapter", "check", str(path), "--wait", "60").output.splitlines()
    assert said[0] == f"{path}: sẵn sàng / ready"
    assert not [line for line in said if line.startswith(("  - ", "  ! ", "    ✗ "))]
    result = site.command("adapter", "check", str(path), "--wait", "60", "--json")
    (told,) = json.loads(result.stdout)
    assert (result.exit_code, told["ok"], told["findings"], told["warnings"]) == (0, True, [], [])
    assert all(each["ok"] for each in (*told["places"], *told["tried"]))


WRONG: dict[str, tuple[str, str, str]] = {
    "password": (r'url = "amqp://([^:]+):[^@]+@', r'url = "amqp://\1:wrong@', "RabbitMQ refuses user "),
    "vhost": (r'(url = ".*)/[^/"]+"', r'\1/nowhere"', "RabbitMQ refuses user "),
    "store": (r'store = "[^"]+"', 'store = "sqlite:////nowhere/at/all.db"', "there is no folder /nowhere/at"),
    "other's store": (r"(store = .*)1\.db", r"\g<1>2.db", "it is the store of mailbox"),
    "key": (r"(keys = .*)1\"", r'\g<1>2"', "lacks signing key"),
    "no keys": (r'keys = "[^"]+"', 'keys = "/nowhere"', "/nowhere cannot be used: No such file or directory"),
    "no directory": (r'directory = "[^"]+"', 'directory = "/nowhere"', "/nowhere cannot be used"),
    "no class": ("FolderAdapter", "FolderAdaptor", "adapters.folder:FolderAdaptor cannot be loaded"),
    "no adapter": ("adapters.folder:FolderAdapter", "pathlib:Path", "pathlib:Path is no bus.ports.Adapter"),
    "option": ("quiet = 0.0", "quit = 0.0", "quit: there is no such setting"),
    "folder": ("quiet = 0.0", "quiet = 0.0\ncreate = false", "There is no folder"),
    "field": ("every = 0.1", "every = -1", "adapter.every: must be more than 0"),
    "toml": ("mailbox = ", "mailbox ", "no TOML"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_each_wrong_thing_is_named(site: Site, codes: tuple[MailboxCode, ...], tmp_path: Path, wrong: str) -> None:
    """One finding for each fault, and exit code 1; no finding shows the password."""
    text = site.country.config(codes[0]).read_text(encoding="utf-8")
    pattern, replacement, finding = WRONG[wrong]
    changed = re.sub(pattern, replacement, text, count=1)
    if wrong == "folder":
        changed = re.sub(r'root = "[^"]+"', f'root = "{tmp_path / "gone"}"', changed)
    assert changed != text
    config = tmp_path / "wrong.toml"
    config.write_text(changed, encoding="utf-8")
    # With a wrong broker it never answers; otherwise it may still hold the connections of the check before.
    wait = ("--wait", "1" if "RabbitMQ" in finding else "60")
    result = site.command("adapter", "check", str(config), *wait, "--json")
    (said,) = json.loads(result.stdout)
    (found,) = said["findings"]
    assert finding in found
    assert (result.exit_code, said["ok"]) == (1, False)
    password = re.search(r"amqp://[^:]+:([^@]+)@", text)
    assert password
    assert password[1] not in result.output
    people = site.command("adapter", "check", str(tmp_path), *wait)
    first, *said = people.output.splitlines()
    assert first == f"{config}: chưa chạy được / not ready"
    assert " / ".join(line[4:] for line in said[:2]) == found or said[0] == f"  - {found}"
    assert [line for line in said if line.startswith("  - ")] == said[:1]


def test_everything_wrong_is_said_at_once(site: Site, codes: tuple[MailboxCode, ...], tmp_path: Path) -> None:
    """Keys, store, document system and broker in one go: nobody mends a file four times."""
    config = tmp_path / "wrong.toml"
    text = site.country.config(codes[0]).read_text(encoding="utf-8")
    for wrong in ("no keys", "store", "no class"):
        pattern, replacement, _ = WRONG[wrong]
        text = re.sub(pattern, replacement, text, count=1)
    config.write_text(re.sub(r'url = "amqp:', 'url = "http:', text), encoding="utf-8")
    (said,) = json.loads(site.command("adapter", "check", str(config), "--json").stdout)
    assert len(said["findings"]) == 4
