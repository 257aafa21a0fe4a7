"""`lienthong agency`, as people and programs call it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bus.cli.main import main

WIDE = {"COLUMNS": "200"}
FORWARDING = """
[[agency]]
code = "H08"
names = [{ vi = "UBND tỉnh Bình Định" }]
closed = 2025-07-01
successor = "H21"
forward = true
[[agency]]
code = "H21"
names = [{ vi = "UBND tỉnh Gia Lai" }]
[[agency]]
code = "H22"
names = [{ vi = "UBND tỉnh Gia Lai" }]
opened = 2020-01-01
[[mailbox]]
code = "H21"
[[mailbox]]
code = "H22"
"""


def run(*arguments: str, folder: Path | None = None) -> Result:
    environment = {**WIDE, "LIENTHONG_DIRECTORY": str(folder) if folder else ""}
    return CliRunner().invoke(main, ["agency", *arguments], env=environment)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "d.toml").write_text(FORWARDING)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "000.00.00.H17"], ["H17", "UBND thành phố Đà Nẵng", "People's Committee of Da Nang City"]),
        (["show", "H08"], ["2025-07-01", "H21  UBND tỉnh Gia Lai", "mã đã đóng", "không / no", "202/2025/QH15"]),
        (["show", "H08", "--as-of", "2025-06-30"], ["H08  UBND tỉnh Bình Định"]),
        (["show", "H57"], ["UBND tỉnh Thừa Thiên Huế (ban đầu / at first)", "chưa kết nối"]),
        (["show", "G10", "--as-of", "2016-01-01"], ["Bộ Nông nghiệp và Môi trường (từ / since 2025-03-01)"]),
        (["show", "G37"], ["2025-04-14", "QĐ 09/2025/QĐ-TTg"]),
        (["show", "G38"], ["2025-04-14", "chưa kết nối / not on the bus"]),
        (["resolve", "H29.12.3", "--as-of", "2026-11-01"], ["H29.12.3 (UBND Thành phố", "H29  UBND", "2026-11-01"]),
        (["search", "da nang"], ["H17", "UBND thành phố Đà Nẵng"]),
        (["list"], ["H63", "2025-07-01 → H38", "2025-04-14 → ?", "Lưu ý / warning: G37"]),
        (["list", "--mailboxes"], ["G22", "Văn phòng Chính phủ", "2025-07-01 → H21"]),
    ],
)
def test_people_read(arguments: list[str], said: list[str]) -> None:
    """Names, dates and successors of the directory that comes with the bus."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    for text in said:
        assert text in result.output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["resolve", "H08"], "agency-closed", ["đơn vị kế thừa là H21", "its successor is H21"]),
        (["resolve", "H57"], "no-mailbox", ["chưa có hộp thư", "has no mailbox"]),
        (["resolve", "H98"], "unknown-agency", ["Không có mã định danh H98", "no agency H98", "  H49  UBND tỉnh"]),
        (["show", "h29"], "unknown-agency", ["  H29  UBND Thành phố Hồ Chí Minh"]),
        (["show", "H29.12"], "unknown-agency", ["codes like it:\n  H29  UBND Thành phố Hồ Chí Minh"]),
        (["show", "000.00.00.H2"], "unknown-agency", ["  H2"]),
        (["show", "zz"], "unknown-agency", ["lienthong agency search TEXT"]),
        (["show", "G38", "--as-of", "2016-01-01"], "unknown-agency", ["  G36  Ủy ban"]),
        (["list", "--directory", "/nowhere"], "bad-config", ["/nowhere"]),
    ],
)
def test_an_error_says_the_next_step_in_both_languages(arguments: list[str], code: str, said: list[str]) -> None:
    """Exit code 1, nothing on standard output; an unknown code brings those spelled like it, after the error."""
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count(f"[{code}; ") == 2
    for text in said:
        assert text in result.stderr
    if "codes like it" in result.stderr:
        assert result.stderr.index("acts]") < result.stderr.index("codes like it")


def test_nothing_found_says_so() -> None:
    """A search without a hit is an answer, with a next step."""
    result = run("search", "zzz")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Thử ít từ hơn" in result.stderr
    assert json.loads(run("search", "zzz", "--json").stdout) == []


def test_programs_read_one_agency() -> None:
    """The entry as listed, and what follows from the date."""
    found = json.loads(run("show", "H08", "--as-of", "2026-11-01", "--json").stdout)
    assert found == {
        "code": "H08",
        "aliases": ["000.00.00.H08"],
        "names": [{"vi": "UBND tỉnh Bình Định", "en": "People's Committee of Binh Dinh Province", "since": None}],
        "parent": None,
        "opened": None,
        "closed": "2025-07-01",
        "successor": "H21",
        "forward": False,
        "basis": "Nghị quyết 202/2025/QH15; QĐ 09/2025/QĐ-TTg",
        "name": "UBND tỉnh Bình Định",
        "as_of": "2026-11-01",
        "open": False,
        "successor_then": "H21",
        "mailbox": None,
    }


def test_programs_read_lists() -> None:
    """Agencies and mailboxes, as JSON lists; warnings stay on standard error."""
    agencies = run("list", "--json")
    assert "G37" in agencies.stderr
    assert {"H01", "G22"} < {agency["code"] for agency in json.loads(agencies.stdout)}
    mailboxes = json.loads(run("list", "--mailboxes", "--json").stdout)
    assert len(mailboxes) == 32
    closed = next(mailbox for mailbox in mailboxes if mailbox["mailbox"] == "H08")
    assert closed == {
        "mailbox": "H08",
        "name": "UBND tỉnh Bình Định",
        "serves": [],
        "largest": None,
        "closed": "2025-07-01",
        "successor": "H21",
    }


def test_forwarding_is_shown(folder: Path) -> None:
    """People and programs see where a closed code's mail goes on to, and from where."""
    assert "Chuyển từ / forwarded from  H08" in run("resolve", "H08.3", folder=folder).output.replace("H08.3", "H08")
    found = json.loads(run("resolve", "H08", "--as-of", "2026-11-01", "--json", folder=folder).stdout)
    assert found == {
        "asked": "H08",
        "as_of": "2026-11-01",
        "code": "H21",
        "name": "UBND tỉnh Gia Lai",
        "listed": True,
        "mailbox": "H21",
        "mailbox_name": "UBND tỉnh Gia Lai",
        "largest": None,
        "via": ["H21"],
        "forwarded_from": "H08",
    }
    shown = run("show", "H08", folder=folder).output
    assert "có / yes" in shown
    assert "H21  UBND tỉnh Gia Lai" in shown


def test_another_folder_comes_by_option_or_environment(folder: Path) -> None:
    """--directory, or LIENTHONG_DIRECTORY; its warnings are told."""
    by_environment = run("list", folder=folder)
    by_option = run("list", "--directory", str(folder))
    assert by_environment.output == by_option.output
    assert "H22: trùng tên với H21" in by_option.stderr


def test_a_mailbox_may_stand_before_its_agency_opens(folder: Path) -> None:
    """A list of mailboxes of the past does not stumble over a future one."""
    result = run("list", "--mailboxes", "--as-of", "2016-01-01", folder=folder)
    assert result.exit_code == 0
    assert "H22" in result.output


@pytest.mark.parametrize("name", ["show", "resolve", "search", "list"])
def test_help_names_every_option(name: str) -> None:
    """Which directory, as of when, and JSON: the same on every command."""
    text = run(name, "--help").output
    for option in ("--as-of", "--directory", "LIENTHONG_DIRECTORY", "--json"):
        assert option in text
