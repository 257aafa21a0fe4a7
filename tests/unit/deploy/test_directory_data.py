"""The directory that comes with the bus: what the law lists, closes and renames, row by row."""

import unicodedata
from datetime import date, timedelta
from pathlib import Path

import pytest

from bus.directory.agencies import Directory
from bus.directory.resolver import NOBODY
from bus.errors import AgencyClosed, NoMailbox, UnknownAgency
from bus.files.directory import default_folder, load

FIRST_WAVE, TODAY = date(2016, 5, 1), date(2026, 11, 1)
MINISTRIES_CLOSE, PROVINCES_MERGE = date(2025, 4, 14), date(2025, 7, 1)

MAILBOXES_CENTRAL = frozenset({"G22", "G14", "G10", "G09", "G05", "G02", "G17", "G21", "G31"})
MAILBOXES_PROVINCES = frozenset(
    {
        "H08", "H49", "H58", "H19", "H17", "H24", "H23", "H12", "H39", "H32", "H09", "H61",
        "H20", "H01", "H06", "H43", "H53", "H26", "H40", "H22", "H05", "H16", "H29",
    }
)  # fmt: skip
MAILBOXES = MAILBOXES_CENTRAL | MAILBOXES_PROVINCES

# Name after the merger, its code, codes it absorbs (Nghị quyết 202/2025/QH15).
MERGERS = [
    ("UBND tỉnh Tuyên Quang", "H60", ["H22"]),
    ("UBND tỉnh Lào Cai", "H38", ["H63"]),
    ("UBND tỉnh Thái Nguyên", "H55", ["H03"]),
    ("UBND tỉnh Phú Thọ", "H44", ["H62", "H28"]),
    ("UBND tỉnh Bắc Ninh", "H05", ["H02"]),
    ("UBND tỉnh Hưng Yên", "H31", ["H54"]),
    ("UBND thành phố Hải Phòng", "H24", ["H23"]),
    ("UBND tỉnh Ninh Bình", "H42", ["H25", "H40"]),
    ("UBND tỉnh Quảng Trị", "H50", ["H46"]),
    ("UBND thành phố Đà Nẵng", "H17", ["H47"]),
    ("UBND tỉnh Quảng Ngãi", "H48", ["H34"]),
    ("UBND tỉnh Gia Lai", "H21", ["H08"]),
    ("UBND tỉnh Khánh Hòa", "H32", ["H43"]),
    ("UBND tỉnh Lâm Đồng", "H36", ["H16", "H11"]),
    ("UBND tỉnh Đắk Lắk", "H15", ["H45"]),
    ("UBND Thành phố Hồ Chí Minh", "H29", ["H09", "H06"]),
    ("UBND tỉnh Đồng Nai", "H19", ["H10"]),
    ("UBND tỉnh Tây Ninh", "H53", ["H39"]),
    ("UBND thành phố Cần Thơ", "H13", ["H51", "H30"]),
    ("UBND tỉnh Vĩnh Long", "H61", ["H07", "H59"]),
    ("UBND tỉnh Đồng Tháp", "H20", ["H58"]),
    ("UBND tỉnh Cà Mau", "H12", ["H04"]),
    ("UBND tỉnh An Giang", "H01", ["H33"]),
]
UNCHANGED = ["H26", "H57", "H35", "H18", "H52", "H37", "H49", "H56", "H41", "H27", "H14"]

# Closed code, successor (QĐ 09/2025/QĐ-TTg).
CLOSED_MINISTRIES = [
    ("G04", "G17"),
    ("G05", "G12"),
    ("G07", "G09"),
    ("G13", "G10"),
    ("G14", "G06"),
    ("G23", "G11"),
    ("G24", "G12"),
    ("G25", "G03"),
    ("G26", "G03"),
    ("G34", "G12"),
    ("G36", "G12"),
    ("G37", None),
]
RESERVED = ["G00", "G29", "G33", "G41", "G99", "H00", "H64", "H99"]

RENAMED = [
    ("G10", date(2025, 3, 1), "Bộ Nông nghiệp và Phát triển nông thôn", "Bộ Nông nghiệp và Môi trường"),
    ("G21", date(2025, 3, 1), "Ủy ban Dân tộc", "Bộ Dân tộc và Tôn giáo"),
    ("H57", date(2025, 1, 1), "UBND tỉnh Thừa Thiên Huế", "UBND thành phố Huế"),
]

CLOSURES = [
    *((old, new, PROVINCES_MERGE) for _, new, absorbed in MERGERS for old in absorbed),
    *((old, new, MINISTRIES_CLOSE) for old, new in CLOSED_MINISTRIES),
]


@pytest.fixture(scope="module")
def directory() -> Directory:
    return load(default_folder(), on=TODAY)


def test_all_provinces_are_there(directory: Directory) -> None:
    """63 in 2016, each with its old code; 34 since the mergers."""
    provinces = [agency for agency in directory.agencies if agency.code.startswith("H")]
    assert [agency.code for agency in provinces] == [f"H{number:02d}" for number in range(1, 64)]
    assert all(agency.aliases == (f"000.00.00.{agency.code}",) for agency in provinces)
    assert sum(not directory.is_closed(agency.code) for agency in provinces) == 34
    merged = {code for _, new, absorbed in MERGERS for code in (new, *absorbed)}
    assert sorted([*merged, *UNCHANGED]) == [agency.code for agency in provinces]


def test_all_ministries_are_there(directory: Directory) -> None:
    """Every code of group G that was ever given: 34 by QĐ 20/2020, G37 later, G38–G40 by QĐ 09/2025; 26 are open."""
    ministries = {agency.code for agency in directory.agencies if agency.code.startswith("G")}
    assert ministries == {f"G{number:02d}" for number in range(1, 41)} - set(RESERVED)
    assert sum(not directory.is_closed(code) for code in ministries) == 26
    in_2016 = {agency.code for agency in directory.as_of(FIRST_WAVE).agencies if agency.code.startswith("G")}
    assert ministries - in_2016 == {"G37", "G38", "G39", "G40"}


def test_other_groups_of_one_code_are_there(directory: Directory) -> None:
    """Presidency, court, procuracy and audit."""
    assert [directory.name(code) for code in ("B01", "D01", "E01", "F01")] == [
        "Văn phòng Chủ tịch nước",
        "Tòa án nhân dân tối cao",
        "Viện kiểm sát nhân dân tối cao",
        "Kiểm toán nhà nước",
    ]


@pytest.mark.parametrize("code", RESERVED)
def test_reserved_codes_are_unknown(directory: Directory, code: str) -> None:
    """What the law keeps in reserve is nobody's."""
    with pytest.raises(UnknownAgency):
        directory.agency(code)


@pytest.mark.parametrize(("closed", "successor", "on"), CLOSURES)
def test_every_closure_names_its_successor(directory: Directory, closed: str, successor: str | None, on: date) -> None:
    """Closed on the day the act came into force, open the day before; sub-units with it. Nothing is forwarded."""
    then = directory.as_of(on)
    assert not directory.as_of(on - timedelta(days=1)).is_closed(closed)
    assert directory.agency(closed).basis
    for code in (closed, f"000.00.00.{closed}", f"{closed}.12", f"000.00.05.{closed}"):
        with pytest.raises(AgencyClosed) as raised:
            then.resolve(code)
        assert raised.value.facts == {"agency": code, "closed": str(on), "successor": successor or NOBODY}
    if successor is not None:
        assert not directory.is_closed(successor)


def test_nothing_else_is_closed(directory: Directory) -> None:
    """The tables above are all there is."""
    closed = {agency.code for agency in directory.agencies if directory.is_closed(agency.code)}
    assert closed == {code for code, _, _ in CLOSURES}
    assert len(closed) == 29 + 12
    assert not any(agency.forward for agency in directory.agencies)


@pytest.mark.parametrize(("name", "code", "absorbed"), MERGERS)
def test_a_merged_province_keeps_the_code_of_its_name(
    directory: Directory, name: str, code: str, absorbed: list[str]
) -> None:
    """QĐ 09/2025, art. 2: same name before and after, same code before and after."""
    assert directory.name(code) == directory.as_of(FIRST_WAVE).name(code) == name
    assert code not in absorbed


@pytest.mark.parametrize(("code", "on", "before", "after"), RENAMED)
def test_renamings_have_their_day(directory: Directory, code: str, on: date, before: str, after: str) -> None:
    """The old name up to the day before, the new one since."""
    assert directory.as_of(on - timedelta(days=1)).name(code) == before
    assert directory.as_of(on).name(code) == after


@pytest.mark.parametrize("code", ["G38", "G39", "G40"])
def test_new_codes_open_with_the_decision(directory: Directory, code: str) -> None:
    """Opened by QĐ 09/2025, unknown the day before."""
    assert directory.as_of(MINISTRIES_CLOSE).agency(code).opened == MINISTRIES_CLOSE
    with pytest.raises(UnknownAgency):
        directory.as_of(MINISTRIES_CLOSE - timedelta(days=1)).agency(code)


def test_the_first_wave_has_mailboxes(directory: Directory) -> None:
    """9 central agencies and 23 provinces, 32 in all, each reached by both forms of its code in 2016."""
    assert (len(MAILBOXES_CENTRAL), len(MAILBOXES_PROVINCES)) == (9, 23)
    codes = [mailbox.code for mailbox in directory.mailboxes]
    assert len(codes) == 32
    assert set(codes) == MAILBOXES
    then = directory.as_of(FIRST_WAVE)
    for code in codes:
        assert then.resolve(code).mailbox == code
        assert then.resolve(f"000.00.00.{code}").mailbox == code
        assert then.serves(code, f"000.00.01.{code}")


def test_today_every_code_is_reached_or_explained(directory: Directory) -> None:
    """Open with a mailbox, open without, or closed with a successor: no code falls through."""
    for agency in directory.agencies:
        if directory.is_closed(agency.code):
            with pytest.raises(AgencyClosed):
                directory.resolve(agency.code)
        elif agency.code in MAILBOXES:
            assert directory.resolve(agency.code).mailbox == agency.code
        else:
            with pytest.raises(NoMailbox):
                directory.resolve(agency.code)


def test_names_are_clean(directory: Directory) -> None:
    """NFC, Đ and not Ð, no character that cannot be seen, no two spaces; each in Vietnamese and English."""
    for agency in directory.agencies:
        for name in agency.names:
            assert name.en
            assert name.en.isascii()
            assert unicodedata.is_normalized("NFC", name.vi)
            assert "\u00d0" not in name.vi
            assert "  " not in name.vi
            assert not any(unicodedata.category(letter) in {"Cf", "Cc", "Mn"} for letter in name.vi)


def test_only_one_warning_is_left(directory: Directory) -> None:
    """G37: nobody here knows who held it, so it names no successor."""
    assert [warning[:4] for warning in directory.warnings] == ["G37:"]
    assert directory.as_of(FIRST_WAVE).warnings == ()


@pytest.mark.parametrize("path", sorted(default_folder().glob("*.toml")), ids=lambda path: path.name)
def test_each_file_explains_itself(path: Path) -> None:
    """Its keepers find the fields at the top, in both languages."""
    head = path.read_text("utf-8").split("\n\n[[")[0]
    assert all(line.startswith("#") for line in head.splitlines() if line)
    assert "code" in head
    assert "Mỗi [[" in head
    assert "Each [[" in head
