"""Document systems with faults: gone, slow, refusing, lying. The others' mail goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from schemas.document import Document
from schemas.values import MailboxCode
from tests.e2e.site import Site, eventually
from tests.faults.tale import FULL, PATIENT, Tale, a_while, accepted, configured, events, failing, health

pytestmark = PATIENT

MANY = 100 if FULL else 15


@pytest.fixture
def moody(surroundings: Site) -> Iterator[Path]:
    """Yields the file that names the fault of the second mailbox's document system."""
    code = surroundings.country.mailboxes[1]
    mood = surroundings.folder(code, "mood")
    with configured(surroundings, code, adapter__use="tests.faults.moody:MoodyAdapter"):
        yield mood
    mood.unlink(missing_ok=True)


def test_gone_and_back(surroundings: Site, tale: Tale) -> None:
    """The folder is not there, like a share that is not mounted: messages for it are receipted and wait in the inbox,
    no attempt is counted, and what its clerks write later is collected. /healthz and `adapter check` name the folder;
    the others notice nothing."""
    sender, gone, other = surroundings.country.mailboxes
    mounted = configured(surroundings, gone, adapter_options__create=False)
    with mounted, surroundings.at_work() as (daemon,):
        tale.send(sender, gone, count=2)
        tale.ends_well(daemon)
        with away(surroundings, gone):
            tale.send(sender, gone, other, count=MANY)
            eventually(lambda: tale.filed(other) == MANY)
            eventually(lambda: health(daemon, gone)["inbox"].get("waiting", 0) >= MANY)
            said = eventually(lambda: failing(daemon, gone, "deliver"))
            assert "Phần mềm quản lý văn bản không trả lời" in said
            assert "its folders' modes if this lasts. [dms-away; operator acts]" in said
            checked = surroundings.command("adapter", "check", "--wait", "0", str(surroundings.country.config(gone)))
            assert f"There is no folder {surroundings.country.dms(gone)}" in checked.output
            waiting = surroundings.json("inbox", "list", "--state", "waiting", "--limit", "1000", code=gone)
            assert {row["attempts"] for row in waiting} == {0}
            assert not failing(daemon, other, "deliver")
            a_while(60)
        tale.send(gone, sender, count=2)
        tale.ends_well(daemon, in_order=True)


@contextmanager
def away(site: Site, code: MailboxCode) -> Iterator[None]:
    root = site.country.dms(code)
    elsewhere = root.with_name(f"{code}.elsewhere")
    root.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(root)


def test_slow(surroundings: Site, tale: Tale, moody: Path) -> None:
    """Half a second for each document: its own mail waits in its inbox, in order; nobody else's waits behind it,
    although one process serves them all."""
    sender, slow, other = surroundings.country.mailboxes
    with surroundings.at_work() as (daemon,):
        moody.write_text("slow", encoding="utf-8")
        tale.send(sender, slow, count=MANY)
        eventually(lambda: health(daemon, slow)["inbox"].get("waiting", 0) > MANY // 2)
        tale.send(sender, other, count=MANY)
        eventually(lambda: tale.filed(other) == MANY)
        assert tale.filed(slow) < MANY
        tale.ends_well(daemon, within=60 + MANY, in_order=True)


def test_refusing(surroundings: Site, tale: Tale, moody: Path) -> None:
    """Refused documents are kept with the reason, the sender's clerks read who refused and why, and an operator may
    release them once the reason is removed; then they are filed like any other."""
    sender, refusing, other = surroundings.country.mailboxes
    with surroundings.at_work() as (daemon,):
        moody.write_text("refusing", encoding="utf-8")
        sent = tale.send(sender, refusing, other, count=3)
        released, given_up = sent[0], sent[1:]
        kept = eventually(lambda: _all(surroundings, refusing, "refused", sent))
        reasons = eventually(lambda: _reasons(surroundings, sender, kept))
        for text in reasons:
            assert "Phần mềm quản lý văn bản của nơi nhận từ chối" in text
            assert refusing in text
            assert "[refused-by-dms; nơi nhận xử lý]" in text
        assert "The document system refuses" in events(surroundings, refusing, "inbox.refused")[0]
        moody.unlink()
        surroundings.command("inbox", "release", kept[released.id], code=refusing)
        for document in given_up:
            surroundings.command("inbox", "discard", kept[document.id], code=refusing)
            tale.forgo(document, refusing)
        tale.ends_well(daemon)
        steps = [step["what"] for step in surroundings.json("trace", released.id, code=refusing)]
        wanted = ["inbox.refused", "inbox.release", "document filed"]
        assert [step for step in steps if step in wanted] == wanted


def test_lying(surroundings: Site, tale: Tale, moody: Path) -> None:
    """The system answers yes and stores nothing. The answer is not believed: no 01 goes back, the sealed message stays
    in the inbox, and is delivered again until the system can show it."""
    sender, lying, other = surroundings.country.mailboxes
    with surroundings.at_work() as (daemon,):
        moody.write_text("lying", encoding="utf-8")
        sent = tale.send(sender, lying, other, count=MANY)
        kept = eventually(lambda: _all(surroundings, lying, "waiting", sent))
        eventually(lambda: tale.filed(other) == MANY)
        eventually(lambda: len(events(surroundings, lying, "inbox.postponed")) >= MANY)
        assert tale.filed(lying) == 0
        assert not [each for each in tale.seen if each.recipient == sender and each.sender == lying]
        shown = " ".join(surroundings.command("inbox", "show", kept[sent[0].id], code=lying).output.split())
        assert "cannot show it. The message is kept and handed over again" in shown
        assert "[not-kept; recipient acts]" in shown
        assert accepted(surroundings, sender)
        moody.unlink()
        tale.ends_well(daemon, in_order=True)


def _all(site: Site, code: MailboxCode, state: str, documents: list[Document]) -> dict[str, str]:
    """Returns document -> message, once all of them have that state and a reason; empty before."""
    rows = site.json("inbox", "list", "--state", state, "--limit", "1000", code=code)
    found = {row["docket"]["document"]["id"]: row["docket"]["id"] for row in rows if row.get("error")}
    wanted = {document.id for document in documents}
    return {id_: message for id_, message in found.items() if id_ in wanted} if wanted <= found.keys() else {}


def _reasons(site: Site, sender: MailboxCode, kept: dict[str, str]) -> list[str]:
    """Returns the reasons that the sender's clerks read, once there is one for each."""
    rejected = list(site.folder(sender, "rejected").glob("*.reason"))
    texts = [
        path.read_text(encoding="utf-8") for path in rejected if any(message in path.name for message in kept.values())
    ]
    return texts if len(texts) == len(kept) else []
