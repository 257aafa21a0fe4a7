"""adapters/folder/mapping.py: what the folders say."""

from datetime import UTC, datetime

import pytest

from adapters.folder import mapping
from bus.errors import BadPackage, NotServed, RefusedByDms, StateSecret
from bus.ports import Answer, Bounce
from schemas.codes import BusinessType, StatusCode
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
    """Cut anywhere, or filled up with zeros by a copy under way: its writer may still be at work."""
    assert mapping.unfinished(data) is expected


def test_a_refused_package_is_the_senders_to_mend() -> None:
    """Where, why and what to do, in both languages, as the reader says them."""
    with pytest.raises(PackageRefused) as caught:
        read(b"<edXML></edXML>")
    error = mapping.refusal("a.edxml", caught.value)
    assert isinstance(error, BadPackage)
    assert caught.value.remedy_vi in error.in_vietnamese()
    assert caught.value.remedy in error.in_english()


def test_a_state_secret_is_told_apart() -> None:
    """It has no place here at all, and the remedy is another channel."""
    refused = PackageRefused(path="edXML", rule="state-secret", found="Tối mật")
    error = mapping.refusal("mật.edxml", refused)
    assert isinstance(error, StateSecret)
    assert "mật.edxml" in error.in_vietnamese()
    assert "Tối mật" in error.in_vietnamese()


def test_a_reason_says_it_all_twice() -> None:
    """Vietnamese first, then English: what, when, who must act, what to do next, what else is not to the standard."""
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
    """Package, message, mailbox, reason; a document that is not known is a question mark."""
    bounce = Bounce(
        ref=None, message=MessageId("id-1"), document=None, mailbox="G22", error=RefusedByDms(why="x"), at=AT
    )
    text = mapping.bounce_reason("a.edxml", bounce).decode()
    assert text.count("G22") == text.count("id-1") == text.count(": ?\n") == 2


@pytest.mark.parametrize(("duplicate", "word"), [(False, ""), (True, "duplicate")])
def test_a_line_of_the_register(duplicate: bool, word: str) -> None:
    """Four cells, whatever the package is called."""
    answer = Answer(ref="x", message=MessageId("id-1"), duplicate=duplicate)
    line = mapping.registered("cv\t1\n2.edxml", answer, AT)
    assert line == f"2026-11-05T09:30:00+07:00\tcv 1 2.edxml\tid-1\t{word}\n"
    assert line.count("\t") == mapping.REGISTER_HEAD.count("\t")


def test_a_change_is_one_line() -> None:
    """Time, what came, in which package, why, by which message; a reason of several lines is made one."""
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
