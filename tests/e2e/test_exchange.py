"""The ordinary road through a real broker and real daemon processes: a package dropped in one folder arrives in
another."""

import shutil
from collections.abc import Iterator

import pytest

from bus.errors import UnknownAgency
from schemas.codes import BusinessType, StatusCode
from schemas.document import Document
from schemas.edxml import write
from schemas.values import MailboxCode
from tests.e2e.site import Site, eventually

S = StatusCode


@pytest.fixture(scope="module", autouse=True)
def _daemons(site: Site) -> Iterator[None]:
    """Runs two processes: one hosts two of the mailboxes, the other the third."""
    with site.at_work(processes=2):
        yield


@pytest.fixture(scope="module")
def codes(site: Site) -> tuple[MailboxCode, ...]:
    return site.country.mailboxes


def exchanged(site: Site, *recipients: MailboxCode) -> Document:
    """Returns a new document that has arrived; its sender has the 01."""
    sent = site.new(site.country.mailboxes[0], *recipients)
    site.drop(sent)
    eventually(lambda: len(site.heard(sent.sender.code, sent.id)) == len(recipients))
    return sent


def test_a_package_arrives_as_it_was_and_its_statuses_come_back(site: Site, codes: tuple[MailboxCode, ...]) -> None:
    """Filed at both recipients with equal bytes of its PDF; 01 comes by itself, 03 when a recipient writes it."""
    sender, one, other = codes
    sent = exchanged(site, one, other)
    for recipient in (one, other):
        (filed,) = site.filed(recipient, sent.id)
        assert filed.attachments == sent.attachments
        assert filed.attachments[0].content.startswith(b"%PDF-")
        assert (filed.subject, filed.signer, filed.due_on) == (sent.subject, sent.signer, sent.due_on)
    site.say(S.ACCEPTED, sent, one, sender)
    heard = eventually(lambda: len(known := site.heard(sender, sent.id)) == 3 and known)
    assert heard == [("01", one), ("01", other), ("03", one)]


@pytest.mark.parametrize(
    ("business", "mark"),
    [
        (BusinessType.REVOKE, "Thu hồi / Revocation"),
        (BusinessType.UPDATE, "Cập nhật / Update"),
        (BusinessType.REPLACE, "Thay thế / Replacement"),
    ],
    ids=lambda value: value.name.lower() if isinstance(value, BusinessType) else "",
)
def test_a_change_finds_its_document(
    site: Site, codes: tuple[MailboxCode, ...], business: BusinessType, mark: str
) -> None:
    """A change is filed beside its document and noted with it; 15 answers a change that asks for an answer."""
    sender, one, _ = codes
    sent = exchanged(site, one)
    match business:
        case BusinessType.REVOKE:
            change = site.papers.revoked(sent)
        case BusinessType.UPDATE:
            change = site.papers.updated(sent)
        case _:
            change = site.papers.replaced(sent)
    site.drop(change)
    eventually(lambda: [item for item in site.filed(one, change.id) if item.business.type is business])
    (note,) = eventually(lambda: notes(site, one, sender, mark))
    assert change.business.reason
    assert change.business.reason in note
    if business is not BusinessType.REPLACE:
        site.say(S.CHANGE_AGREED, change, one, sender)
        eventually(lambda: ("15", one) in site.heard(sender, sent.id))


def notes(site: Site, code: MailboxCode, sender: MailboxCode, mark: str) -> list[str]:
    """Returns the notes of such a change beside a sender's documents; they are written a moment after the package."""
    found = (path for path in site.folder(code, "incoming").glob("*.changes") if sender in path.name)
    return [text for path in found if mark in (text := path.read_text(encoding="utf-8"))]


def test_a_take_back_goes_to_one_recipient_and_is_answered(site: Site, codes: tuple[MailboxCode, ...]) -> None:
    """13 is told to the recipient it is for, beside the document, and to no other; 15 comes back."""
    sender, one, other = codes
    sent = exchanged(site, one, other)
    site.say(S.TAKE_BACK, sent, sender, one)
    eventually(lambda: site.heard(one, sent.id) == [("13", sender)])
    site.say(S.CHANGE_AGREED, sent, one, sender)
    eventually(lambda: ("15", one) in site.heard(sender, sent.id))
    assert site.heard(other, sent.id) == []


def test_a_refused_package_lies_beside_its_reason(site: Site, codes: tuple[MailboxCode, ...]) -> None:
    """The reason in both languages: the error, who must act, the next step. Nothing of the package leaves the
    agency."""
    sender, one, _ = codes
    wrong = site.new(sender, "H49.NOBODY.AT.ALL", one).model_copy(
        update={"recipients": (site.papers.party(one).model_copy(update={"code": "Q99"}),)}
    )
    (site.folder(sender, "outgoing") / "sai mã.edxml").write_bytes(write(wrong))
    reason = site.folder(sender, "rejected", "sai mã.edxml.reason")
    rejected = site.folder(sender, "rejected", "sai mã.edxml")
    eventually(lambda: reason.exists() and rejected.exists())  # the two files are written one after the other
    said = reason.read_text(encoding="utf-8")
    for words in (UnknownAgency(agency="Q99").in_vietnamese(), UnknownAgency(agency="Q99").in_english()):
        assert words in said
    assert rejected.read_bytes() == write(wrong)
    assert not site.filed(one, wrong.id)


def test_the_same_package_twice_is_sent_once(site: Site, codes: tuple[MailboxCode, ...]) -> None:
    """The second is moved away like the first, and the register says that it is a duplicate."""
    sender, one, _ = codes
    sent = exchanged(site, one)
    (first,) = eventually(
        lambda: [path for path in site.folder(sender, "sent").rglob("*.edxml") if path.read_bytes() == write(sent)]
    )
    again = site.folder(sender, "outgoing") / "lần hai.edxml"
    shutil.copy(first, again)
    eventually(lambda: not again.exists())
    (register,) = site.folder(sender, "sent").rglob("messages.tsv")
    (line,) = eventually(
        lambda: [line for line in register.read_text(encoding="utf-8").splitlines() if "lần hai" in line]
    )
    assert line.endswith("\tduplicate")
    follower = exchanged(site, one)  # a later document has arrived: a duplicate would have, too
    assert site.filed(one, follower.id)
    assert len(site.filed(one, sent.id)) == 1


def test_a_package_still_being_written_is_left_alone(site: Site, codes: tuple[MailboxCode, ...]) -> None:
    """Half of a package lies there under its final name: nobody takes or refuses it; once it is complete, it goes."""
    sender, one, _ = codes
    sent = site.new(sender, one)
    data, path = write(sent), site.folder(sender, "outgoing") / "đang ghi.edxml"
    with path.open("wb") as file:
        file.write(data[: len(data) // 2])
        file.flush()
        exchanged(site, one)  # the daemon has looked at the folder meanwhile
        assert path.exists()
        assert not list(site.folder(sender, "rejected").glob("đang ghi*"))
        file.write(data[len(data) // 2 :])
    eventually(lambda: site.filed(one, sent.id))
