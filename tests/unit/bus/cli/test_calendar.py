"""`lienthong calendar`, as the centre keeps it over a year."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click import unstyle
from click.testing import CliRunner

from bus.cli.main import main
from bus.handling.calendar import read_toml
from tests.unit.bus.cli.test_pilot import AGENCIES, BUILD, run

ROOT = ("--root", "ca/root.pem")
SIGNER = ("--key", "dir.key", "--cert", "dir.pem", *ROOT)
FILE = ("--editions", "calendar.pem")
DECISION = ("--decision", "12345/VPCP-KGVX", "--decided-on", "25/12/2025")
YEAR = datetime.now(UTC).year + 5
"""Nobody has to have confirmed it by now."""


@pytest.fixture(autouse=True)
def centre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An authority with a signer of the directory."""
    monkeypatch.chdir(tmp_path)
    run("ca", "init", "ca")
    run("ca", "issue-directory", "ca", "--out", "dir.pem", "--key", "dir.key")
    return tmp_path


def shown(year: int, *more: str, code: int = 0) -> dict[str, object]:
    held = (*FILE, *ROOT) if Path("calendar.pem").exists() else ()
    return dict(json.loads(run("calendar", "show", year, *held, "--json", *more, code=code).stdout))


def test_a_saturday_is_swapped() -> None:
    """The year is confirmed, then the Government swaps a day: the second edition has both, and stays confirmed."""
    assert shown(2026, code=3)["edition"] == 0 if datetime.now(UTC).year == 2026 else True
    run("calendar", "confirm", 2026, *FILE, *SIGNER, "--decision", "9441/BNV-CVL")
    swapped = ("--off", "2026-01-02", "--worked", "10/01/2026")
    said = run("calendar", "set", 2026, *FILE, *SIGNER, *DECISION, *swapped).stdout
    assert "confirmed" in said
    found = shown(2026)
    assert (found["edition"], found["confirmed"], found["decision"]) == (2, True, "12345/VPCP-KGVX")
    assert found["decided_on"] == "2025-12-25"
    assert "2026-01-02" in str(found["off"])
    assert found["worked"] == ["2026-01-10", "2026-08-22"]
    assert "confirmed already: 2026-2" in run("calendar", "confirm", 2026, *FILE, *SIGNER, *DECISION).stdout


def test_what_the_library_knows() -> None:
    """Without a file: provisional, and asked for where it is this year's."""
    found = run("calendar", "show", YEAR).stdout
    assert "provisional" in found
    assert "Tết Nguyên Đán" in found
    this_year = run("calendar", "show", code=3)
    assert "Nobody has confirmed this year" in this_year.stderr


def test_at_a_terminal_no_line_is_wider(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said of a year that nobody has confirmed breaks between words."""
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    said = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"}).invoke(main, ["calendar", "show"])
    assert "Nobody has confirmed this year" in said.stderr
    assert max(map(len, unstyle(said.output).splitlines())) <= 80


def test_a_year_as_a_text() -> None:
    """Printed, written, signed; what is not filled in is refused."""
    run("calendar", "set", YEAR, *FILE, *SIGNER, *DECISION, "--off", f"{YEAR}-06-03")
    bare = run("calendar", "show", YEAR, "--toml").stdout
    Path("year.toml").write_text(bare, encoding="utf-8")
    assert "decision" in run("calendar", "set", YEAR, *FILE, *SIGNER, "--toml", "year.toml", code=1).stderr
    filled = bare.replace('decision = ""', 'decision = "1/QĐ-TTg"').replace('by = ""', 'by = "Thủ tướng"')
    Path("year.toml").write_text(filled.replace("confirmed = false", "confirmed = true"), encoding="utf-8")
    run("calendar", "set", YEAR, *FILE, *SIGNER, "--toml", "year.toml")
    again = read_toml(run("calendar", "show", YEAR, *FILE, *ROOT, "--toml").stdout)
    assert (again.edition, again.confirmed, again.decision) == (2, True, "1/QĐ-TTg")
    assert date(YEAR, 6, 3) not in again.off


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["set", str(YEAR), *FILE, *SIGNER, *DECISION], 2, "nothing to change"),
        (["set", str(YEAR), *FILE, *SIGNER, "--off", f"{YEAR}-06-03"], 2, "--decision is missing"),
        (["set", str(YEAR), *FILE, *SIGNER, *DECISION, "--off", "2026-06-03"], 2, "not of that year"),
        (["set", str(YEAR), *FILE, *SIGNER, *DECISION, "--off", "soon"], 2, "02/01/2026"),
        (["show", *FILE], 2, "does not exist"),
        (
            ["confirm", str(YEAR), *FILE, "--key", "dir.key", "--cert", "ca/issuer.pem", *ROOT, *DECISION],
            1,
            "authority",
        ),
    ],
)
def test_what_is_called_wrongly(arguments: list[str], code: int, said: str) -> None:
    """Nothing is written then."""
    assert said in run("calendar", *arguments, code=code).stderr
    assert not Path("calendar.pem").exists()


def test_a_file_of_somebody_else() -> None:
    """Is not read past the edition that does not stand."""
    run("calendar", "confirm", YEAR, *FILE, *SIGNER, *DECISION)
    run("ca", "init", "other")
    told = run("calendar", "show", YEAR, *FILE, "--root", "other/root.pem", code=1).stderr
    assert "bad-calendar" in told


def test_a_directory_says_who_signs() -> None:
    """Its lists of revocation and its charter are asked, where it is named."""
    Path("src").mkdir()
    Path("src/agencies.toml").write_text(AGENCIES, encoding="utf-8")
    run(*BUILD, "--out", "draft.txt")
    run("ca", "issue-directory", "ca", "--out", "two.pem", "--key", "two.key")
    run("directory", "charter", "one.charter", *ROOT, "--root-key", "ca/root.key", "--signer", "dir.pem")
    run("directory", "sign", "draft.txt", *SIGNER, "--out", "e.lt", "--charter", "one.charter")
    by_two = ("--key", "two.key", "--cert", "two.pem", *ROOT, "--directory", "e.lt")
    assert "charter" in run("calendar", "confirm", YEAR, *FILE, *by_two, *DECISION, code=1).stderr
    run("calendar", "confirm", YEAR, *FILE, *SIGNER, "--directory", "e.lt", *DECISION)
    assert shown(YEAR, "--directory", "e.lt")["confirmed"] is True
