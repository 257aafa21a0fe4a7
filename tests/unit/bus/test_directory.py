"""Who a code is, and where what is sent to it goes, on a date."""

from datetime import date

import pytest

from bus.directory import NOBODY, Directory, MailboxKeys, render_keys
from bus.errors import AgencyClosed, BusError, NoKey, NoMailbox, UnknownAgency

BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)

COUNTRY = """
units = '''
code      | aliases                     | vi                   | parent | opened     | closed     | successor | forward
H01       | 000.00.00.H01               | UBND tỉnh An Giang   |        |            |            |           |
H01.02    | 000.00.02.H01 000.00.92.H01 | Sở Công Thương       |        |            |            |           |
H01.02.05 |                             | Phòng Quản lý        |        |            |            |           |
H01.09    |                             | Sở Mới               |        | 2025-07-01 |            |           |
H08       | 000.00.00.H08               | UBND tỉnh Bình Định  |        |            | 2025-07-01 | H21       |
H08.12    |                             | Sở Nội vụ            |        |            |            |           |
H08.13    |                             | Sở Y tế              |        |            | 2025-07-01 | H21.13    |
H08.14    |                             | Sở Tài chính         | H21    |            |            |           |
H21       |                             | UBND tỉnh Gia Lai    |        |            |            |           |
H21.13    |                             | Sở Y tế              |        |            |            |           |
H33       |                             | UBND tỉnh Kiên Giang |        |            | 2025-07-01 | H01       | true
H34       |                             | UBND tỉnh Kon Tum    |        |            | 2025-06-01 | H33       | true
H35       |                             | UBND tỉnh Lai Châu   |        |            | 2025-07-01 | H08       | true
H36       |                             | UBND tỉnh Lâm Đồng   |        |            | 2025-07-01 | H14       | true
H14       |                             | UBND tỉnh Cao Bằng   |        |            |            |           |
G37       |                             | Mã G37               |        |            | 2025-07-01 |           |
G38       |                             | Ủy ban mới           |        | 2025-07-01 |            |           |
02.44.W00 | 000.02.44.W00               | Hệ thống Phú Thọ     |        |            |            |           |
H50       |                             | A                    |        |            | 2025-07-01 | H51.1     |
H51       |                             | B                    |        |            | 2025-07-01 | H50       |
H51.1     |                             | C                    |        |            |            |           |
'''
[[agency]]
code = "H57"
aliases = ["000.00.00.H57"]
names = [
  { vi = "UBND tỉnh Thừa Thiên Huế", en = "Thua Thien Hue" },
  { vi = "UBND thành phố Huế", en = "Hue City", since = 2025-01-01 },
]
[[mailbox]]
code = "H01"
[[mailbox]]
code = "H01.02"
[[mailbox]]
code = "H08"
[[mailbox]]
code = "H21"
serves = ["000.00.00.H57", "02.44.W00"]
[[keys]]
mailbox = "H01"
signing = ["AQI="]
sealing = ["Aw==", "BA=="]
"""


@pytest.fixture(scope="module")
def before() -> Directory:
    return Directory.parse({"country.toml": COUNTRY}, on=BEFORE)


@pytest.fixture(scope="module")
def after(before: Directory) -> Directory:
    return before.as_of(AFTER)


@pytest.mark.parametrize(
    ("asked", "code", "mailbox", "via", "listed"),
    [
        ("H01", "H01", "H01", (), True),
        ("000.00.00.H01", "H01", "H01", (), True),
        ("H01.03.1", "H01.03.1", "H01", ("H01",), False),
        ("H01.02", "H01.02", "H01.02", (), True),
        ("000.00.92.H01", "H01.02", "H01.02", (), True),
        ("H01.02.05", "H01.02.05", "H01.02", ("H01.02",), True),
        ("H01.02.77.1", "H01.02.77.1", "H01.02", ("H01.02",), False),
        ("000.07.02.H01", "000.07.02.H01", "H01.02", ("H01.02",), False),
        ("123.07.02.H01", "123.07.02.H01", "H01.02", ("H01.02",), False),
        ("7.2.H01", "7.2.H01", "H01.02", ("H01.02",), False),
        ("02.H01", "02.H01", "H01.02", ("H01.02",), False),
        ("00.01.H01", "00.01.H01", "H01", ("H01",), False),
        ("2016.5.H01", "2016.5.H01", "H01", ("H01",), False),
        ("1.2.3.4.H01", "1.2.3.4.H01", "H01", ("H01",), False),
        ("000.00.05.H21", "000.00.05.H21", "H21", ("H21",), False),
        ("H57.3", "H57.3", "H21", ("H57",), False),
        ("02.44.W00", "02.44.W00", "H21", (), True),
        ("000.02.44.W00", "02.44.W00", "H21", (), True),
        ("001.02.44.W00", "001.02.44.W00", "H21", ("02.44.W00",), False),
        ("H08.14", "H08.14", "H21", ("H21",), True),
        ("H08.14.2", "H08.14.2", "H21", ("H08.14", "H21"), False),
        ("H33", "H01", "H01", ("H01",), True),
        ("H33.4", "H01", "H01", ("H33", "H01"), True),
        ("H34", "H01", "H01", ("H33", "H01"), True),
    ],
)
def test_the_nearest_mailbox_above_a_code_serves_it(
    after: Directory, asked: str, code: str, mailbox: str, via: tuple[str, ...], listed: bool
) -> None:
    """Own mailbox first, then the nearest listed unit above; old forms are read from the right."""
    resolved = after.resolve(asked)
    assert (resolved.code, resolved.mailbox, resolved.via) == (code, mailbox, via)
    assert (resolved.agency is not None) is listed
    assert after.resolve(asked) is resolved


@pytest.mark.parametrize(
    ("asked", "error", "successor"),
    [
        ("H08", AgencyClosed, "H21"),
        ("000.00.00.H08", AgencyClosed, "H21"),
        ("000.00.05.H08", AgencyClosed, "H21"),
        ("H08.12", AgencyClosed, "H21"),
        ("H08.12.4", AgencyClosed, "H21"),
        ("H08.13", AgencyClosed, "H21.13"),
        ("H35", AgencyClosed, "H21"),
        ("G37", AgencyClosed, NOBODY),
        ("H50", AgencyClosed, NOBODY),
        ("H36", NoMailbox, None),
        ("H14", NoMailbox, None),
        ("H14.5", NoMailbox, None),
        ("H99", UnknownAgency, None),
        ("H99.1", UnknownAgency, None),
        ("01.02.G22", UnknownAgency, None),
        ("vxp.saas.03", UnknownAgency, None),
        ("0101234567", UnknownAgency, None),
        ("h01", UnknownAgency, None),
        ("", UnknownAgency, None),
    ],
)
def test_what_cannot_be_reached_says_why(
    after: Directory, asked: str, error: type[BusError], successor: str | None
) -> None:
    """A closed code names the open successor at the end of the chain; one link without `forward` stops forwarding."""
    with pytest.raises(error) as raised:
        after.resolve(asked)
    assert raised.value.facts["agency"] == asked or error is NoMailbox
    assert raised.value.facts.get("successor") == successor
    assert raised.value.facts.get("closed") in (None, "2025-07-01")


@pytest.mark.parametrize(
    ("asked", "forwarded_from"), [("H33", "H33"), ("H33.4", "H33.4"), ("H34", "H34"), ("H01", None)]
)
def test_forwarding_is_said(after: Directory, asked: str, forwarded_from: str | None) -> None:
    """What an explicit rule passed on to a successor names the closed code it came from."""
    assert after.resolve(asked).forwarded_from == forwarded_from


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


def test_a_view_of_its_own_date_is_itself(before: Directory) -> None:
    """as_of makes a new directory only for another date."""
    assert before.as_of(BEFORE) is before
    assert before.as_of(AFTER).on == AFTER


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
    """Sub-units that are not listed are without number; the answers kept are not."""
    monkeypatch.setattr("bus.directory._CACHED", 10)
    directory = after.as_of(date(2030, 1, 1))
    for number in range(100):
        assert directory.resolve(f"H01.7.{number}").mailbox == "H01"
        assert len(directory._resolved) <= 10


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
