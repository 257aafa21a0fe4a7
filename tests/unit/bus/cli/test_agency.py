"""`lienthong agency`, as people and programs call it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bus.cli.main import main
from bus.cli.output import text
from bus.directory.edition import load, sign
from bus.files.directory import default_folder
from deploy.offices import open_office

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
    for each in said:
        assert each in result.output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["resolve", "H08"], "agency-closed", ["đơn vị kế thừa H21 chưa có hộp thư", "successor, H21, has no mailbox"]),
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
    for each in said:
        assert each in result.stderr
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
        "joined": False,
        "edition": None,
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
        "under_way": {"messages": 20_000, "bytes": 20 * 2**30, "blobs": 100 * 2**30},
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
        "edition": None,
        "code": "H21",
        "name": "UBND tỉnh Gia Lai",
        "listed": True,
        "mailbox": "H21",
        "mailbox_name": "UBND tỉnh Gia Lai",
        "largest": None,
        "under_way": {"messages": 20_000, "bytes": 20 * 2**30, "blobs": 100 * 2**30},
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


def test_the_edition_in_force_is_read(folder: Path, tmp_path: Path) -> None:
    """The one that a daemon holds, by its file; or one that is named, with the root that vouches for it. Its number is
    said; what nobody signed says so."""
    office = open_office(tmp_path / "authority")
    (edition := office.folder / "7.lt").write_bytes(office.edition(folder, version=7))
    config = office.folder / "H21.toml"
    config.write_text(
        f'mailbox = "H21"\nkeys = "k"\nstore = "sqlite:///x.db"\n[broker]\nurl = "amqps://bus/lienthong"\n'
        f'[trust]\nroot = "{office.root_file}"\ndirectory = "{edition}"\n[adapter]\nuse = "a:B"\n'
    )
    named = ("--directory", str(edition), "--root", str(office.root_file))
    for options in (("-c", str(config)), named):
        assert json.loads(run("resolve", "H08", "--json", *options).stdout)["edition"] == 7
        assert "số / edition 7, " in run("show", "H21", *options).stdout
    typed = run("show", "H21", "-c", str(config), folder=default_folder())
    assert "số / edition 7, " in typed.stdout, "what is typed comes before the environment"
    assert "chưa ai ký / not signed" in run("show", "H21", folder=folder).stdout
    assert "needs --root" in run("show", "H21", "--directory", str(edition)).stderr
    for unsigned, found in ((f'directory = "{folder}"', "UBND tỉnh Gia Lai"), ("", "UBND tỉnh Gia Lai")):
        config.write_text(
            f'mailbox = "H21"\nkeys = "k"\nstore = "sqlite:///x.db"\n{unsigned}\n[broker]\nurl = "amqps://bus/v"\n'
            '[adapter]\nuse = "a:B"\n'
        )
        shown = run("show", "H21", "-c", str(config)).stdout
        assert found in shown
        assert "chưa ai ký / not signed" in shown


def test_an_edition_that_has_ended_says_so(folder: Path, tmp_path: Path) -> None:
    """It is still read: an answer of yesterday is better than none, if one knows that it is."""
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=9)
    office = open_office(tmp_path / "authority", began=began)
    fresh = office.edition(folder, version=1)
    register = load(fresh, roots=[office.root.certificate], now=datetime.now(UTC)).register
    until = began + timedelta(days=2)
    begins, chain = began + timedelta(days=1), office.directory_chain
    ended = sign(register, version=2, issued_at=begins, expires_at=until, signer=office.directory_key, chain=chain)
    named = ("--root", str(office.root_file), "--directory", str(office.folder / "2.lt"))
    (office.folder / "2.lt").write_bytes(ended)
    result = run("show", "H21", *named)
    assert result.exit_code == 0
    assert f"! This edition expired at {text(until)}." in result.stderr
    (office.folder / "2.lt").write_bytes(fresh)
    assert run("show", "H21", *named).stderr == ""
