"""Texts that forge lines, steer terminals and calculate: an insider's ids and reasons, on the whole road."""

import unicodedata
from datetime import UTC, date, datetime
from typing import Any

import pika
import pytest

from bus.sending.address import address
from bus.sending.seal import seal
from bus.topology.names import Login, user_of
from bus.trust.keys import SigningKey
from bus.wire.envelope import MAGIC, SIGNED, encrypt
from bus.wire.envelope import seal as seal_docket
from bus.wire.message import CONTENT_TYPE, VERSION_HEADER, exchange
from schemas.codes import BusinessType
from schemas.content import pack_content
from schemas.docket import Docket, NumberInClear
from schemas.document import Document
from schemas.edxml import write
from schemas.framing import frame, unframe
from tests.attackers.besieged import INSIDER, Besieged
from tests.e2e.site import eventually

ME, VICTIM, AUTHOR = INSIDER, "H49", "G22"
FORGED = "FORGED"
POISON = {
    "LF": f"1\n{FORGED}",
    "CR": f"1\r{FORGED}",
    "U+009B": f"1\x9b2J{FORGED}",
    "U+202E": f"1\u202e{FORGED}",
    "U+2028": f"1\u2028{FORGED}",
}
FORMULA = '=HYPERLINK("http://x.example","Xem")'


def assert_tame(said: str) -> None:
    """Asserts that no line was forged and that nothing steers a terminal."""
    assert {each for each in said if unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} <= {"\n"}
    assert not [line for line in said.splitlines() if line.startswith(FORGED)]


def renamed(body: bytes, id_: str, by: str, key: SigningKey) -> bytes:
    """Returns the message with another text in its docket, such as the document's id, signed again by its sender."""
    docket, _, *rest = map(bytes, unframe(memoryview(body)[len(MAGIC) :], at_most=4))
    altered = docket.replace(by.encode(), id_.encode("unicode_escape").replace(rb"\x", rb"\u00"))
    assert altered != docket
    block = frame((key.public.algorithm.encode(), key.id.encode(), key.sign(SIGNED + altered)))
    return frame((altered, block, *rest), after=body[: len(MAGIC)])


@pytest.mark.parametrize("name", list(POISON))
def test_an_id_forges_no_line(land: Besieged, name: str) -> None:
    """A signed docket whose document id holds it, published under a message id that holds it: set aside as no message,
    and every command that tells of it shows signs."""
    member, id_ = land.member(ME), POISON[name]
    entry = land.sealed(member, VICTIM)
    assert entry.docket.document is not None
    key = member.identity.signing
    assert isinstance(key, SigningKey)
    body = renamed(entry.body, id_, entry.docket.document.id, key)
    with land.channel(ME) as channel:
        properties = pika.BasicProperties(
            content_type=CONTENT_TYPE,
            delivery_mode=2,
            type=id_,
            message_id=id_,
            user_id=user_of(ME, Login.URN),
            headers={VERSION_HEADER: "1", id_: id_},
        )
        channel.basic_publish(exchange(ME), f"document.{VICTIM}", body, properties, mandatory=True)
    land.told(VICTIM, "inbox.set-aside", "bad-message")
    assert_tame(land.daemons[0].words() + land.daemons[0].page("/healthz")[1])
    for command in ("events", "inbox list", "outbox list"):
        assert_tame(land.site.command(*command.split(), code=VICTIM, columns=300).output)
        assert_tame(land.site.command(*command.split(), "--json", code=VICTIM).output)
    for command in ("trace", "inbox show", "outbox show"):
        assert_tame(land.site.command(*command.split(), id_, code=VICTIM, columns=300).output)
    for arguments in (("list",), ("show", id_), ("list", "--json")):
        assert_tame(operator(land, "dead", *arguments))


@pytest.mark.parametrize("name", list(POISON))
def test_a_number_forges_no_line(land: Besieged, name: str) -> None:
    """Nor does the notation that a docket of version 2 tells: it is no message, before anybody shows it."""
    member = land.member(ME)
    entry = land.sealed(member, VICTIM)
    assert entry.docket.number is not None
    key, told = member.identity.signing, f'"notation":"{entry.docket.number.notation}'
    assert isinstance(key, SigningKey)
    land.inject(ME, renamed(entry.body, told + POISON[name], told, key), VICTIM)
    land.told(VICTIM, "inbox.set-aside", "bad-message")
    assert_tame(land.daemons[0].words() + land.site.command("events", code=VICTIM, columns=300).output)


@pytest.mark.parametrize(
    "lie",
    [
        {"number": NumberInClear(number="1", notation="Mật-VP")},
        {"issued_on": date(2016, 6, 30)},
        {"business_type": BusinessType.REVOKE, "changes": ("another",)},
    ],
    ids=["its number", "its date", "what it changes"],
)
def test_what_a_docket_tells_is_what_is_read(land: Besieged, lie: dict[str, Any]) -> None:
    """The centre's ledger believes dockets; a recipient refuses one that tells it something else than people read, and
    the refusal is signed."""
    member, now = land.member(ME), datetime.now(UTC)
    sent = land.site.papers.new(ME, (VICTIM,))
    made = seal(member, address(member, sent), now=now).docket
    encrypted = encrypt(pack_content(sent))
    docket = Docket.model_validate({**dict(made), "content": encrypted.content, **lie})
    key = member.sealing_key(VICTIM, now=now)
    land.inject(ME, seal_docket(docket, encrypted, signer=member.identity.signing, recipients={VICTIM: key}), VICTIM)
    land.told(VICTIM, "inbox.refused", "bad-message")
    assert not land.site.filed(VICTIM, sent.id)


def operator(land: Besieged, *arguments: str) -> str:
    """What the operator's command says; he logs in with his own certificate."""
    cert, key = land.office.file("operator")
    login = ("--amqp", land.broker.amqps_url.rstrip("/") + "/besieged", "--cafile", str(land.office.root_file))
    return land.site.command(*arguments, *login, "--certfile", str(cert), "--keyfile", str(key), columns=300).output


def test_a_clerk_s_package_with_such_an_id_is_refused_in_signs(land: Besieged) -> None:
    """It never leaves; the `.reason` beside it says where, and forges no line either."""
    sent = land.site.papers.new(AUTHOR, (VICTIM,))
    package = write(sent).replace(f">{sent.id}<".encode(), f">{POISON['LF']}\x9b\u202e<".encode())
    assert package != write(sent)
    land.site.folder(AUTHOR, "outgoing", "poisoned.edxml").write_bytes(package)
    reason = land.site.folder(AUTHOR, "rejected", "poisoned.edxml.reason")
    eventually(reason.exists)
    text = reason.read_text(encoding="utf-8")
    assert "DocumentId" in text
    assert_tame(text)


def test_a_reason_calculates_nothing_in_a_spreadsheet(land: Besieged) -> None:
    """A revocation whose reason is a formula: the `.changes` beside the document has a text in that cell."""
    sent = land.site.new(AUTHOR, VICTIM)
    land.site.drop(sent)
    eventually(lambda: land.site.filed(VICTIM, sent.id))
    taken_back: Document = land.site.papers.revoked(sent)
    business = taken_back.business.model_copy(update={"reason": f"{FORMULA}\u202e"})
    land.site.drop(taken_back.model_copy(update={"business": business}))

    def told() -> list[str]:
        files = land.site.folder(VICTIM, "incoming").glob("*.changes")
        return [line for file in files for line in file.read_text(encoding="utf-8").splitlines() if "HYPERLINK" in line]

    (line,) = eventually(told)
    assert line.split("\t")[3] == '\'=HYPERLINK("http://x.example",\'"Xem")<U+202E>'
