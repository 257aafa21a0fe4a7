"""bus/sending/seal.py: what travels apart from its message, what within it, and what is refused at once with the
figure; a batch is sealed as its documents would be one by one."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from bus.directory.agencies import Directory
from bus.directory.keys import MailboxKeys
from bus.directory.member import Member
from bus.errors import NoKey, TooLarge
from bus.ports.records import OutboxEntry
from bus.sending.address import address
from bus.sending.seal import Ready, seal, seal_all
from bus.wire.envelope import open_, parse, verify
from schemas.codes import StatusCode
from schemas.document import Attachment, Document
from tests.scenarios.country import Land, document, status
from tests.scenarios.large import MIB, takes_large

KIB = 1024


class _Lying:
    """A file that lies somewhere, with whatever bytes."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def pieces(self, size: int) -> Iterator[bytes]:
        return (self._content[at : at + size] for at in range(0, len(self._content), size))


def _document(*sizes: int, to: tuple[str, ...] = ("H49",)) -> Document:
    files = tuple(Attachment.of(f"{number}.pdf", bytes(size)) for number, size in enumerate(sizes, 1))
    return document("G22", *to).model_copy(update={"attachments": files})


def _member(**largest: int) -> Member:
    return takes_large(Land()["G22"].member, **largest)


@pytest.mark.parametrize(
    ("sizes", "apart"),
    [((512 * KIB,), ()), ((512 * KIB + 1,), (1,)), ((10, MIB, 10, MIB), (2, 4))],
)
def test_large_attachments_travel_apart(sizes: tuple[int, ...], apart: tuple[int, ...]) -> None:
    """Those above the threshold, where every recipient takes such; the others stay in the message."""
    addressed = address(_member(H49=10 * MIB), _document(*sizes))
    assert addressed.as_blobs == apart
    assert bool(addressed.content) is not bool(apart)


def test_one_recipient_that_takes_none_makes_it_travel_whole() -> None:
    """As it always did, as long as a message can carry it."""
    to = ("H49", "H53")
    assert address(_member(H49=10 * MIB), _document(MIB, to=to)).as_blobs == ()
    with pytest.raises(TooLarge, match="→ H53 has 14680064 bytes; the limit is 12582912"):
        address(_member(H49=100 * MIB), _document(14 * MIB, to=to))


def test_over_the_limit_of_one_recipient() -> None:
    """Refused at once, with its name and the figure; what counts is all that travels apart."""
    member = _member(H49=10 * MIB, H53=3 * MIB)
    assert address(member, _document(MIB, 2 * MIB, to=("H49", "H53"))).as_blobs == (1, 2)
    with pytest.raises(TooLarge, match="→ H53 has 3145729 bytes; the limit is 3145728"):
        address(member, _document(MIB, 2 * MIB + 1, to=("H49", "H53")))


def test_what_stays_in_the_message_must_fit_there() -> None:
    """Manifests and small attachments beside what travels apart."""
    member = replace(_member(H49=100 * MIB), max_content=600 * KIB)
    assert address(member, _document(MIB, 500 * KIB)).as_blobs == (1,)
    with pytest.raises(TooLarge):
        address(replace(member, max_content=2 * KIB), _document(50 * MIB))


def test_the_key_of_a_submission_is_the_same_each_time() -> None:
    """What is random in it plays no part; the bytes of the file do."""
    member, same = _member(H49=10 * MIB), _document(MIB)
    assert address(member, same).key == address(member, _document(MIB)).key
    other = same.model_copy(update={"attachments": (Attachment.of("1.pdf", b"1" * MIB),)})
    assert address(member, same).key != address(member, other).key


def _by_source(content: bytes, lie: bytes | None = None) -> Document:
    digest = hashlib.sha256(content).hexdigest()
    file = Attachment(name="1.pdf", size=len(content), sha256=digest, source=_Lying(lie or content))
    return document("G22", "H49").model_copy(update={"attachments": (file,)})


def test_a_file_that_lies_elsewhere_is_read_where_it_must_travel_whole() -> None:
    """Its recipient takes nothing apart: the message carries its bytes, once they are those described."""
    content = bytes(range(256)) * 4096
    addressed = address(_member(), _by_source(content))
    assert content in addressed.content
    assert isinstance(addressed.item, Document)
    assert addressed.item.attachments[0].source is None
    with pytest.raises(ValueError, match="does not match"):
        address(_member(), _by_source(content, lie=content[:-1] + b"?"))


@pytest.mark.parametrize(("to", "version"), [(("H49",), 2), (("H53",), 1), (("H49", "H53"), 1), (("H49", "H49.1"), 2)])
def test_who_reads_the_newer_version_is_told_more(to: tuple[str, ...], version: int) -> None:
    """One message for all of a document's recipients, in the version that each of them reads."""
    land = Land()
    item = document("G22", *to)
    sent = seal(land["G22"].member, address(land["G22"].member, item), now=land.now)
    docket = sent.docket
    assert (docket.version, sent.body[:4]) == (version, b"LT%c\n" % version)
    assert (str(docket.number), docket.issued_on) == (
        (str(item.number), item.issued_on) if version == 2 else ("None", None)
    )
    assert len(docket.recipients) == len(to)


def test_a_status_is_of_version_1() -> None:
    """There is nothing more that its docket could tell (schemas §2.4)."""
    land = Land()
    taken_back = status(StatusCode.TAKE_BACK, document(), "G22", "H49")
    assert seal(land["G22"].member, address(land["G22"].member, taken_back), now=land.now).docket.version == 1


class Keyless:
    """A directory without a key for one mailbox."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)

    def keys(self, mailbox: str) -> MailboxKeys:
        if mailbox == "H53":
            raise NoKey(mailbox=mailbox)
        return self._directory.keys(mailbox)


def test_what_cannot_be_sealed_is_an_error_in_its_place() -> None:
    """The others of the batch are sealed, each for its own recipients and under its own source."""
    land = Land()
    member = land["G22"].member
    member = replace(member, directory=cast(Directory, Keyless(member.directory)))
    addressed = [address(member, document("G22", code, number=n)) for n, code in enumerate(("H49", "H53", "H49"))]
    batch = [Ready(addressed=each, source=str(n)) for n, each in enumerate(addressed)]
    first, second, third = seal_all(member, batch, now=land.now)
    assert isinstance(second, NoKey)
    for entry, ready in ((first, batch[0]), (third, batch[2])):
        assert isinstance(entry, OutboxEntry)
        assert (entry.source, entry.key, entry.outstanding) == (ready.source, ready.addressed.key, ("document.H49",))
        parsed = parse(entry.body)
        verify(parsed, [member.identity.signing.public])
        assert open_(parsed, mailbox="H49", keys=land["H49"].member.identity.sealing) == ready.addressed.content
    with pytest.raises(NoKey):
        seal(member, addressed[1], now=land.now)
