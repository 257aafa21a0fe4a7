"""adapters/folder/mapping.py: the texts of the folders."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.folder import mapping
from bus.errors import BadPackage, NotServed, RefusedByDms, StateSecret, Withdrawn
from bus.ports.adapter import Answer, Bounce
from schemas.codes import BusinessType, StatusCode
from schemas.docket import DocumentKey
from schemas.edxml import Departure, PackageRefused, read, write
from schemas.values import MessageId
from tests.contract.adapter_site import a_document, a_filing, a_report, a_status

AT = datetime(2026, 11, 5, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (write(a_document()), False),
        (write(a_document()).decode().replace('"UTF-8"', '"UTF-16"').encode("utf-16"), False),
        (b"<edXML></edXML>\r\n\t ", False),
        (b"<e:edXML></e:edXML >", False),
        (write(a_document())[:-3], True),
        (write(a_document())[:-200], True),
        (write(a_document())[:-200] + bytes(200), True),
        (b"", True),
        (b"hello", True),
    ],
)
def test_a_package_without_an_end_is_unfinished(data: bytes, expected: bool) -> None:
    """A package that is cut anywhere, or filled up with zeros by a copy under way, is unfinished: its writer may still
    be at work."""
    assert mapping.unfinished(data) is expected


def test_a_refused_package_is_the_senders_to_mend() -> None:
    """The refusal gives the place, the reason and the remedy in both languages, as the reader does."""
    with pytest.raises(PackageRefused) as caught:
        read(b"<edXML></edXML>")
    error = mapping.refusal("a.edxml", caught.value)
    assert isinstance(error, BadPackage)
    assert caught.value.remedy_vi in error.in_vietnamese()
    assert caught.value.remedy in error.in_english()


def test_a_state_secret_is_told_apart() -> None:
    """A state secret is an error of its own: its remedy is another channel."""
    refused = PackageRefused(path="edXML", rule="state-secret", found="Tối mật")
    error = mapping.refusal("mật.edxml", refused)
    assert isinstance(error, StateSecret)
    assert "mật.edxml" in error.in_vietnamese()
    assert "Tối mật" in error.in_vietnamese()


def test_a_reason_says_it_all_twice() -> None:
    """A `.reason` is in Vietnamese, then in English: package, time, who must act, the next step, other departures."""
    departure = Departure(path="edXML/x", rule="pdf-header")
    text = mapping.reason("cv 12.edxml", NotServed(agency="G22", mailbox="H49"), [departure], AT).decode()
    vi, en = text.split("\n\n")
    for half, facts in (
        (vi, ("cv 12.edxml", "2026-11-05 09:30:00 +07:00", "nơi gửi", "G22", "H49", "outgoing/", departure.vi)),
        (en, ("cv 12.edxml", "2026-11-05 09:30:00 +07:00", "sender", "G22", "H49", "outgoing/", departure.en)),
    ):
        assert [fact for fact in facts if fact not in half] == []


def test_a_report_lists_what_was_forgiven() -> None:
    """Each place and what is wrong there, in both languages; what is true of every package is not worth a text."""
    departures = [Departure(path="edXML/x", rule="pdf-header"), Departure(path="edXML", rule="signature-absent")]
    assert mapping.remarkable(departures) == (departures[0],)
    text = mapping.report("a.edxml", departures[:1]).decode()
    assert f"- edXML/x: {departures[0].vi}\n" in text
    assert f"- edXML/x: {departures[0].en}\n" in text


def test_a_bounce_names_who_refused() -> None:
    """A bounce names package, message, mailbox and reason; an unknown document is a question mark."""
    bounce = Bounce(
        ref=None, message=MessageId("id-1"), document=None, mailbox="G22", error=RefusedByDms(why="x"), at=AT
    )
    text = mapping.bounce_reason("a.edxml", bounce).decode()
    assert text.count("G22") == text.count("id-1") == text.count(": ?\n") == 2


def test_what_was_withdrawn_names_all_who_do_not_get_it() -> None:
    """One text for one package, in both languages, with the next step."""
    bounces = [
        Bounce(ref=None, message=MessageId("id-1"), document=document, mailbox=mailbox, error=Withdrawn(), at=AT)
        for mailbox, document in (("H53", DocumentKey(issuer="G22", id="1/CV")), ("G22", None))
    ]
    for half in mapping.withdrawn("a.edxml", bounces).decode().split("\n\n"):
        assert [
            fact for fact in ("a.edxml", "id-1", "1/CV", "G22, H53", "outgoing/", "[withdrawn;") if fact not in half
        ] == []
    assert "?" in mapping.withdrawn("a.edxml", bounces[1:]).decode()
    assert "Refused by" not in mapping.bounce_reason("a.edxml", bounces[0]).decode()


def test_what_is_sent_again_says_to_whom() -> None:
    """And who has it, and to whom it is on its way, where there are such."""
    answer = Answer(ref="x", message=MessageId("id-1"), again_to=("H53",), held_by=("H49",), under_way_to=("H08",))
    for half in mapping.again("a.edxml", answer, AT).decode().split("\n\n"):
        assert [fact for fact in ("a.edxml", "id-1", ": H53", ": H49", ": H08") if fact not in half] == []
    for half in mapping.not_again("a.edxml", answer, AT).decode().split("\n\n"):
        assert [fact for fact in ("a.edxml", "id-1", ": H49", ": H08") if fact not in half] == []
    few = mapping.again("a.edxml", Answer(ref="x", message=MessageId("id-1"), again_to=("H53",)), AT).decode()
    assert len(few.splitlines()) == 7


@pytest.mark.parametrize(
    ("of", "word"),
    [
        ({}, ""),
        ({"duplicate": True, "held_by": ("H49",)}, "duplicate"),
        ({"duplicate": True, "under_way_to": ("H49", "H53")}, "duplicate, under way to H49 H53"),
        ({"again_to": ("H53", "H08"), "under_way_to": ("H49",)}, "again to H53 H08"),
    ],
)
def test_a_line_of_the_register(of: dict[str, Any], word: str) -> None:
    """A line of the register has four cells, whatever the package's name; the last says what became of it before."""
    answer = Answer(ref="x", message=MessageId("id-1"), **of)
    line = mapping.registered("cv\t1\n2.edxml", answer, AT)
    assert line.text == f"2026-11-05T09:30:00+07:00\tcv<U+0009>1⏎2.edxml\tid-1\t{word}\n"
    assert line.text.count("\t") == mapping.REGISTER_HEAD.count("\t")


def test_a_change_is_one_line() -> None:
    """A change is one line: time, change, package, reason, message; a reason of several lines is made one."""
    filing = a_filing(a_document(business=BusinessType.REVOKE))
    reason = filing.document.business.model_copy(update={"reason": "Sai\nsố"})
    line = mapping.change_by_document(
        type(filing)(
            document=filing.document.model_copy(update={"business": reason}),
            recipients=("G22",),
            message=MessageId("id-1"),
        ),
        "incoming/x.edxml",
        AT,
    )
    assert line == "2026-11-05 09:30:00 +07:00\tThu hồi / Revocation\tincoming/x.edxml\tSai số\tid-1\n"


@pytest.mark.parametrize(
    ("reason", "cell"),
    [
        ('=HYPERLINK("http://x","Xem")', '\'=HYPERLINK("http://x",\'"Xem")'),
        ("+84", "'+84"),
        ("-", "'-"),
        ("@x", "'@x"),
        ("a\t=1", "a =1"),
        ("a\u202eb\x9b31m", "a<U+202E>b<U+009B>31m"),
    ],
)
def test_a_change_is_no_formula(reason: str, cell: str) -> None:
    """Clerks open .changes in a spreadsheet: a reason is a text there, and the message is still the last cell."""
    filing = a_filing(a_document(business=BusinessType.REVOKE))
    business = filing.document.business.model_copy(update={"reason": reason})
    told = replace(filing, document=filing.document.model_copy(update={"business": business}))
    cells = mapping.change_by_document(told, "incoming/x.edxml", AT).rstrip("\n").split("\t")
    assert cells[2:] == ["incoming/x.edxml", cell, filing.message]


def test_what_lies_beside_a_package_steers_no_terminal() -> None:
    """Names of files, ids, what was found in a package: each on its line, whoever prints the file."""
    bad = BadPackage(path="a/\x9b", why="\u202e", why_vi="\n", remedy="\x1b", remedy_vi="\u2028")
    error = mapping.reason("a\n\x1b[2J.edxml", bad, (), AT).decode()
    bounce = Bounce(
        ref=None, message=MessageId("id-1"), document=None, mailbox="G22", error=RefusedByDms(why="\x9b\n"), at=AT
    )
    told = mapping.bounce_reason("b\u202e.edxml", bounce).decode()
    steering = {letter for letter in error + told if unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp"}}
    assert steering == {"\n"}
    assert "Package: a⏎<U+001B>[2J.edxml\n" in error


def test_only_a_take_back_changes_what_was_filed() -> None:
    """All other statuses are about what this mailbox sent."""
    lines = {code: mapping.change_by_status(a_report(a_status(code)), "statuses/x", AT) for code in StatusCode}
    assert [code for code, line in lines.items() if line] == [StatusCode.TAKE_BACK]


def test_a_time_that_viet_nam_has_not_is_given_in_utc() -> None:
    """A bounce says when, whatever the stranger's clock said."""
    bounce = Bounce(
        ref=None,
        message=MessageId("id-1"),
        document=None,
        mailbox="G22",
        error=RefusedByDms(why="x"),
        at=datetime(9999, 12, 31, 23, tzinfo=UTC),
    )
    assert "9999-12-31 23:00:00 +00:00" in mapping.bounce_reason("a.edxml", bounce).decode()
