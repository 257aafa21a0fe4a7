"""Document systems in trouble: gone, slow, refusing, lying. The others' mail goes on."""

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
    """The file that says in which mood the second mailbox's system is."""
    code = surroundings.country.mailboxes[1]
    mood = surroundings.folder(code, "mood")
    with configured(surroundings, code, adapter__use="tests.faults.moody:MoodyAdapter"):
        yield mood
    mood.unlink(missing_ok=True)


def test_gone_and_back(surroundings: Site, tale: Tale) -> None:
    """Its folder is not there, as a share that was not mounted: what comes for it is receipted and waits in the inbox,
    counted against no message, and what its own clerks will write is collected afterwards. /healthz and `adapter check`
    say what is missing, the others notice nothing."""
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
            assert "look at the system if this lasts. [dms-away; recipient acts]" in said
            checked = surroundings.command("adapter", "check", "--wait", "0", str(surroundings.country.config(gone)))
            assert f"There is no folder {surroundings.country.dms(gone)}." in checked.output
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
    """Half a second a document: its own mail queues up in its inbox, in order; nobody else's waits behind it, although
    one process serves them all."""
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
    """What it says no to is kept with the reason, the sender's clerks read who refused and why, and an operator may
    release it once the reason is mended; then it is filed like any other."""
    sender, refusing, other = surroundings.country.mailboxes
    with surroundings.at_work() as (daemon,):
        moody.write_text("refusing", encoding="utf-8")
        sent = tale.send(sender, refusing, other, count=3)
        released, given_up = sent[0], sent[1:]
        kept = eventually(lambda: _all(surroundings, refusing, "refused", sent))
        reasons = eventually(lambda: _reasons(surroundings, sender, kept))
        for text in reasons:
            assert "Phần mềm quản lý văn bản từ chối" in text
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
    """It says yes and keeps nothing: the yes is not believed, no 01 goes back, the sealed message stays in the inbox
    with what to look at, and is handed over again until the system can show it."""
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
    """Document -> message, once all of them stand so with a reason; nothing before."""
    rows = site.json("inbox", "list", "--state", state, "--limit", "1000", code=code)
    found = {row["docket"]["document"]["id"]: row["docket"]["id"] for row in rows if row.get("error")}
    wanted = {document.id for document in documents}
    return {id_: message for id_, message in found.items() if id_ in wanted} if wanted <= found.keys() else {}


def _reasons(site: Site, sender: MailboxCode, kept: dict[str, str]) -> list[str]:
    """What the sender's clerks read, once they can of all of them."""
    rejected = list(site.folder(sender, "rejected").glob("*.reason"))
    texts = [
        path.read_text(encoding="utf-8") for path in rejected if any(message in path.name for message in kept.values())
    ]
    return texts if len(texts) == len(kept) else []
