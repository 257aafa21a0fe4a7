"""All stores of both sides are lost, and the clerks put all that they ever sent back into `outgoing/`."""

import shutil

from schemas.codes import StatusCode
from schemas.values import MailboxCode
from tests.e2e.site import Site, eventually


def test_nothing_is_filed_twice_when_all_is_sent_again(site: Site) -> None:
    """The bus knows nothing any more, and the same comes in new messages; the journals of the folders know what it
    says. What is new is filed as ever."""
    sender, recipient, _ = site.country.mailboxes
    documents = [site.new(sender, recipient) for _ in range(4)]
    with site.at_work():
        for document in documents:
            site.drop(document)
        eventually(lambda: all(site.heard(sender, document.id) for document in documents))
        site.say(StatusCode.ACCEPTED, documents[0], recipient, sender)
        eventually(lambda: ("03", recipient) in site.heard(sender, documents[0].id))
    filed = names(site, recipient, "incoming")
    told = [path for path in names(site, sender, "statuses", "received") if "_01_" not in path]
    for code in (sender, recipient):
        for path in (site.country.root / "stores").glob(f"{code}.db*"):
            path.unlink()
        for path in site.folder(code, "sent").rglob("*.edxml"):
            shutil.copy2(path, site.folder(code, "outgoing", path.name))
    with site.at_work():
        for code in (sender, recipient):
            eventually(lambda code=code: not list(site.folder(code, "outgoing").iterdir()))  # type: ignore[misc]
        site.drop(last := site.new(sender, recipient))
        site.say(StatusCode.ASSIGNED, documents[1], recipient, sender)
        eventually(lambda: site.heard(sender, last.id))
        eventually(lambda: ("04", recipient) in site.heard(sender, documents[1].id))
    assert len(set(names(site, recipient, "incoming")) - set(filed)) == 1
    now = [path for path in names(site, sender, "statuses", "received") if "_01_" not in path]
    assert len(set(now) - set(told)) == 1


def names(site: Site, code: MailboxCode, *folder: str) -> list[str]:
    return sorted(path.name for path in site.folder(code, *folder).glob("*.edxml"))
