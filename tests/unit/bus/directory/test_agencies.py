"""Who a code is, and where what is sent to it goes, on a date."""

import gc
import weakref
from datetime import date

import pytest

from bus.directory.agencies import Directory
from bus.directory.keys import MailboxKeys
from bus.directory.sources import render_keys
from bus.errors import AgencyClosed, NoKey, NoMailbox, UnknownAgency
from tests.unit.bus.directory.country import AFTER, BEFORE, COUNTRY


@pytest.fixture(scope="module")
def before() -> Directory:
    return Directory.parse({"country.toml": COUNTRY}, on=BEFORE)


@pytest.fixture(scope="module")
def after(before: Directory) -> Directory:
    return before.as_of(AFTER)


def test_a_view_of_its_own_date_is_itself(before: Directory) -> None:
    """as_of makes a new directory only for another date."""
    assert before.as_of(BEFORE) is before
    assert before.as_of(AFTER).on == AFTER


def test_a_directory_is_shown_by_its_date(before: Directory) -> None:
    """A log line or a failed test must not print every agency of the country."""
    assert repr(before) == f"Directory(on={BEFORE})"


@pytest.mark.parametrize(
    ("mailbox", "code", "serves"),
    [
        ("H01", "H01", True),
        ("H01", "H01.7", True),
        ("H01", "H01.02", False),
        ("H01.02", "000.00.02.H01", True),
        ("H21", "H57", True),
        ("H01", "H57", False),
        ("H01", "H14", False),
        ("H01", "H99", False),
        ("H99", "H01", False),
    ],
)
def test_a_mailbox_sends_for_those_it_serves(after: Directory, mailbox: str, code: str, serves: bool) -> None:
    """The sender check is the resolving of the sender's code; unknown codes are nobody's."""
    assert after.serves(mailbox, code) is serves


@pytest.mark.parametrize(("mailbox", "code"), [("H08", "H08"), ("H08", "H08.12"), ("H01", "H33"), ("H33", "H33.4")])
def test_nobody_sends_from_a_closed_code(before: Directory, after: Directory, mailbox: str, code: str) -> None:
    """Not even with `forward`, and not from a mailbox that still stands; on the day before it was right."""
    with pytest.raises(AgencyClosed) as raised:
        after.serves(mailbox, code)
    assert raised.value.facts["agency"] == code
    assert before.serves("H08", "H08")


def test_agency_is_strict(before: Directory, after: Directory) -> None:
    """Only listed codes, in either form, opened by the date; closed ones too."""
    assert after.agency("000.00.00.H08").code == "H08"
    assert after.agency("G38").code == "G38"
    for unknown in ("H01.77", "h01", "H99"):
        with pytest.raises(UnknownAgency):
            after.agency(unknown)
    with pytest.raises(UnknownAgency):
        before.agency("G38")
    assert "G38" not in {agency.code for agency in before.agencies}
    assert "G38" in {agency.code for agency in after.agencies}


@pytest.mark.parametrize(
    ("on", "code", "name"),
    [
        (date(2016, 1, 1), "H57", "UBND tỉnh Thừa Thiên Huế"),
        (date(2024, 12, 31), "000.00.00.H57", "UBND tỉnh Thừa Thiên Huế"),
        (date(2025, 1, 1), "H57", "UBND thành phố Huế"),
        (date(2025, 1, 1), "H57.12", "H57.12 (UBND thành phố Huế)"),
        (date(2025, 1, 1), "H99", "H99"),
    ],
)
def test_the_name_is_the_one_in_use(before: Directory, on: date, code: str, name: str) -> None:
    """On each date its own name; for a code that is not listed, something a person can still read."""
    assert before.as_of(on).name(code) == name


def test_a_name_from_the_future_is_better_than_none() -> None:
    """Before its first `since`, an agency bears its first name."""
    text = '[[agency]]\ncode = "H01"\nnames = [{ vi = "Một", since = 2025-01-01 }]'
    assert Directory.parse({"x": text}, on=date(2024, 1, 1)).name("H01") == "Một"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("an giang", ["H01"]),
        ("AN  GIANG tỉnh", ["H01"]),
        ("Kiên Giang", ["H33"]),
        ("kien giang", ["H33"]),
        ("thua thien hue", ["H57"]),
        ("hue city", ["H57"]),
        ("binh dinh", ["H08"]),
        ("Bình Ðịnh", ["H08"]),
        ("000.00.92", ["H01.02"]),
        ("w00", ["02.44.W00"]),
        ("cong thuong", ["H01.02"]),
        ("lâm đong", []),
        ("zzz", []),
    ],
)
def test_search_forgives(after: Directory, text: str, codes: list[str]) -> None:
    """Case, spaces, marks, Ð for Đ; past names and English ones count too."""
    assert [agency.code for agency in after.search(text)] == codes


@pytest.mark.parametrize(
    ("text", "codes"), [("h21", ["H21", "H21.13"]), ("giang tinh", ["H01", "H33"]), ("so y", ["H08.13", "H21.13"])]
)
def test_search_puts_the_nearest_first(text: str, codes: list[str], after: Directory) -> None:
    """The very code, then the words in that order, then the words in any order; else the order of the files."""
    assert [agency.code for agency in after.search(text)] == codes


def test_keys_come_as_they_are_written(after: Directory) -> None:
    """Opaque bytes in the order of the file; a mailbox without any says so."""
    assert after.keys("H01") == MailboxKeys(signing=(b"\x01\x02",), sealing=(b"\x03", b"\x04"))
    with pytest.raises(NoKey) as raised:
        after.keys("H21")
    assert raised.value.facts["mailbox"] == "H21"


def test_rendered_keys_are_read_again() -> None:
    """What the keys command writes, the directory reads."""
    text = '[[agency]]\ncode = "H01"\nnames = [{ vi = "Một" }]\n[[mailbox]]\ncode = "H01"\n'
    signing, sealing = (b"s1", b"s2"), (bytes(range(256)),)
    written = render_keys("H01", signing=signing, sealing=sealing)
    directory = Directory.parse({"a": text, "keys.toml": written}, on=AFTER)
    assert directory.keys("H01") == MailboxKeys(signing=signing, sealing=sealing)


def test_mailboxes_keep_their_order(after: Directory) -> None:
    """As listed; a closed agency's mailbox stays until it is taken out."""
    assert [mailbox.code for mailbox in after.mailboxes] == ["H01", "H01.02", "H08", "H21"]


@pytest.mark.parametrize(
    ("entries", "warning"),
    [
        ("H01 | Sở Y tế |\nH02 | sở  y TẾ |", "H02: trùng tên với H01"),
        ("H01 | A |\nH01.1 | Văn phòng |\nH01.2 | Văn phòng |", "H01.2: trùng tên với H01.1"),
        ("H01 | A |\nH02 | B |\nH01.1 | Văn phòng |\nH02.1 | Văn phòng |", None),
        ("H01 | A | 2020-01-01", "H01: mã đã đóng, chưa ghi đơn vị kế thừa"),
        ("H01 | Sở\u200b Y tế |", "H01: tên có ký tự lạ"),
        ("H01 | So\u031b\u0309 Y tế |", "H01: tên có ký tự lạ"),
        ("H01 | Sở Y tế |", None),
    ],
)
def test_warnings_are_no_errors(entries: str, warning: str | None) -> None:
    """What people should look at does not keep the directory from being used."""
    directory = Directory.parse({"x": f"units = '''\ncode | vi | closed\n{entries}\n'''"}, on=AFTER)
    assert [found[: len(warning or "")] for found in directory.warnings] == ([warning] if warning else [])


def test_two_closed_namesakes_are_no_warning() -> None:
    """A name may be used again once its first bearer is closed."""
    text = "units = '''\ncode|vi|closed|successor\nH01|Một|2020-01-01|H02\nH02|Một||\n'''"
    assert Directory.parse({"x": text}, on=AFTER).warnings == ()


def test_the_cache_is_bounded(after: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sub-units that are not listed are without number; the answers cached are not: the oldest are found anew."""
    monkeypatch.setattr("bus.directory.agencies.RESOLVED", 10)
    directory = after.as_of(date(2030, 1, 1))
    asked = [f"H01.7.{number}" for number in range(100)]
    answers = [directory.resolve(code) for code in asked]
    assert {answer.mailbox for answer in answers} == {"H01"}
    assert [directory.resolve(code) is answer for code, answer in zip(asked[-10:], answers[-10:], strict=True)] == (
        [True] * 10
    )
    first = directory.resolve(asked[0])
    assert first == answers[0]
    assert first is not answers[0]


def test_a_long_list_of_units_resolves() -> None:
    """Thousands of units in one text are each found, and each leads up to its province's mailbox."""
    units = (f"H{n % 63 + 1:02d}.{n} | 1.{n} | Đơn vị {n}" for n in range(5_000))
    level_1 = (f"H{n:02d} | | Tỉnh {n}" for n in range(1, 64))
    text = "\n".join(["units = '''", "code|aliases|vi", *level_1, *units, "'''", '[[mailbox]]\ncode = "H01"'])
    directory = Directory.parse({"units.toml": text}, on=AFTER)
    assert len(directory.agencies) == 5_063
    assert {directory.resolve(f"H01.{n}").mailbox for n in range(0, 5_000, 63)} == {"H01"}


def test_a_mailbox_by_its_code() -> None:
    """Or nobody's."""
    directory = Directory.parse(
        {"a.toml": '[[agency]]\ncode = "H01"\nnames = [{vi = "A"}]\n[[mailbox]]\ncode = "H01"'}, on=date(2026, 1, 1)
    )
    assert directory.mailbox("H01").code == "H01"
    with pytest.raises(NoMailbox):
        directory.mailbox("H02")


def test_a_code_is_open_until_the_day_it_closes(before: Directory, after: Directory) -> None:
    """`closed` is the first day on which the code is not in force, `opened` the first on which it is."""
    assert before.resolve("H08").mailbox == "H08"
    assert before.closed_on("H08") is None
    assert not before.is_closed("H08.12")
    assert before.successor("H08") is None
    assert after.closed_on("H08.12") == AFTER
    assert after.is_closed("H08.12")
    assert after.successor("H08.12") == after.agency("H21")
    assert after.resolve("H01.09").via == ("H01",)
    for future in ("H01.09", "H01.09.1"):
        with pytest.raises(UnknownAgency):
            before.resolve(future)


def test_answers_are_cached(after: Directory) -> None:
    """The same code is resolved once; each directory has a cache of its own."""
    assert after.resolve("H33.4") is after.resolve("H33.4")
    assert after.address("H33.4") is after.address("H33.4")
    assert (after.address("H33.4").agency, after.address("H33.4").mailbox) == ("H01", "H01")
    other = after.as_of(date(2031, 1, 1))
    assert other.resolve("H33.4") is not after.resolve("H33.4")


def test_a_superseded_directory_is_freed(after: Directory) -> None:
    """At once, without the collector: its caches do not hold it, and nothing else does."""
    directory = after.as_of(date(2031, 1, 2))
    directory.resolve("H01")
    directory.address("H01.02")
    directory.search("an giang")
    superseded = weakref.ref(directory)
    gc.disable()
    try:
        del directory
        assert superseded() is None
    finally:
        gc.enable()
