"""`lienthong report`, over a ledger in a file."""

import csv
import json
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from click import unstyle
from click.testing import CliRunner
from openpyxl import load_workbook

from bus.cli.main import main
from bus.ledger import keep
from bus.ledger.access import page
from bus.ledger.open import open_ledger
from bus.ledger.records import DailyKey
from bus.ledger.store import Ledger
from tests.unit.bus.cli.test_pilot import run
from tests.unit.bus.ledger.reports.sample import counted

TOML = """
store = "sqlite:///{folder}/ledger.db"
[broker]
url = "amqp://guest:guest@localhost/%2F"
plain = true
"""
DAY = date(2026, 8, 3)
STATED = ("--as-of", "2026-11-30T17:00:00+00:00")
QUARTER = ("--period", "2026-Q3", *STATED)


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """Its counters are those of two provinces, on one day."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIENTHONG_LEDGER", str(tmp_path / "ledger.toml"))
    (tmp_path / "ledger.toml").write_text(TOML.format(folder=tmp_path), encoding="utf-8")
    made = open_ledger(f"sqlite:///{tmp_path}/ledger.db", exclusive=False)
    rows = [*counted("H49.06"), *counted("H29", 2)]
    with made.writing() as connection:
        keep.add_counters(connection, {DailyKey(DAY, row.agency, row.measure, row.detail): row.amount for row in rows})
    return made


def test_on_the_screen(ledger: Ledger) -> None:
    """Both languages; a line for each province; what was asked is recorded."""
    said = run("report", *QUARTER).stdout
    assert "Quarterly report" in said
    assert "Q3/2026" in said
    assert [line.split()[:2] for line in said.splitlines() if line.startswith("H")] == [
        ["H29", "2.400"],
        ["H49", "1.200"],
    ]
    assert "All columns: --out" in said
    with ledger.reading() as connection:
        (row,) = page(connection, limit=10)
    assert (row.what, row.found) == ("report.make", 2)
    assert json.loads(row.subject)["period"] == "2026-07-01..2026-09-30"


@pytest.mark.usefixtures("ledger")
def test_at_a_terminal_no_line_is_wider(monkeypatch: pytest.MonkeyPatch) -> None:
    """The title breaks between words; what is piped stays one line."""
    piped = run("report", *QUARTER).stdout.splitlines()[0]
    assert len(piped) > 80
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    done = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"}).invoke(main, ["report", *QUARTER])
    lines = unstyle(done.stdout).splitlines()
    assert " ".join(lines[:2]) == piped
    assert [line for line in lines if len(line) > 80] == []


@pytest.mark.parametrize("end", ["pdf", "xlsx", "csv", "json"])
def test_a_file_made_twice_is_the_same(ledger: Ledger, end: str) -> None:
    """To the byte, where its stated time is."""
    for name in ("one", "two"):
        run("report", *QUARTER, "--out", f"{name}.{end}")
    assert Path(f"one.{end}").read_bytes() == Path(f"two.{end}").read_bytes()


def test_every_form_has_the_same_figures(ledger: Ledger) -> None:
    """The workbook, the CSV, the JSON on the screen and in a file."""
    shown = json.loads(run("report", *QUARTER, "--json").stdout)
    for end in ("xlsx", "csv", "json"):
        run("report", *QUARTER, "--out", f"r.{end}")
    assert json.loads(Path("r.json").read_bytes()) == shown
    assert shown["total"]["sent"] == 3600
    summary = load_workbook(BytesIO(Path("r.xlsx").read_bytes())).worksheets[0]
    assert {row[0]: row[1] for row in summary.iter_rows(values_only=True)}["Văn bản gửi"] == 3600
    rows = csv.DictReader(Path("r.csv").read_text(encoding="utf-8-sig").splitlines())
    assert [row["value"] for row in rows if (row["agency"], row["figure"]) == ("*", "sent")] == ["3600"]


def test_one_agency(ledger: Ledger) -> None:
    """With the units below it, or alone; of one type of document."""
    below = json.loads(run("report", *QUARTER, "--agency", "H49", "--json").stdout)
    assert [unit["agency"] for unit in below["units"]] == ["H49.06"]
    alone = json.loads(run("report", *QUARTER, "--agency", "H49", "--alone", "--json").stdout)
    assert alone["total"]["sent"] == 0
    revoked = json.loads(run("report", *QUARTER, "--type", "revoke", "--json").stdout)
    assert (revoked["kind"], revoked["total"]["sent"]) == ("revoke", 180)


def test_what_went_on_paper(ledger: Ledger) -> None:
    """As the agencies say it; a share of nothing is none."""
    Path("paper.csv").write_text("agency,sent,received\nH49.06,1200,0\n", encoding="utf-8-sig")
    asked = (*QUARTER, "--agency", "H49", "--json")
    assert json.loads(run("report", *asked, "--paper", "paper.csv").stdout)["electronic_share"] == 0.5
    with ledger.reading() as connection:
        (row,) = page(connection, limit=1)
    assert json.loads(row.subject)["paper"] == "paper.csv"
    assert json.loads(run("report", *asked).stdout)["electronic_share"] is None
    Path("paper.csv").write_text("agency,sent\nH49.06,many\n", encoding="utf-8")
    assert "agency,sent,received" in run("report", *asked, "--paper", "paper.csv", code=1).stderr


@pytest.mark.parametrize(
    ("arguments", "told"), [(("--period", "soon"), "no period"), (("--out", "report.doc"), ".xlsx")]
)
def test_what_is_called_wrongly(ledger: Ledger, arguments: tuple[str, ...], told: str) -> None:
    """Before the ledger is opened."""
    assert told in run("report", *arguments, code=2).stderr
