import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, update

from bus.cli.asked import asked
from bus.cli.main import main
from bus.ledger.access import page
from bus.ledger.open import open_ledger
from bus.ledger.store import Ledger
from bus.ledger.tables import access
from tests.unit.bus.cli.ledger_file import ledger_toml


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return ledger_toml(tmp_path)


@pytest.fixture
def ledger(file: Path) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:///{file.parent}/ledger.db", exclusive=False)
    yield opened
    opened.close()


def log(file: Path, *args: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["ledger", "log", *args, "-c", str(file)], catch_exceptions=False)
    return done.exit_code, done.output


def test_an_empty_log_is_whole(file: Path) -> None:
    """Nobody has asked."""
    assert log(file, "verify") == (
        0,
        "Nhật ký còn trống: chưa ai hỏi gì. / The log is empty: nobody has asked for anything.\n",
    )


def test_a_whole_log_tells_its_head(file: Path, ledger: Ledger) -> None:
    """Which is given the next time; by then there may be more rows."""
    asked(ledger, "documents.find", {"text": "12/QĐ-UBND"}, found=2)
    told = json.loads(log(file, "verify", "--json")[1])
    assert (told["ok"], told["rows"], told["first"]) == (True, 1, 1)
    code, output = log(file, "verify", "--head", told["head"])
    assert code == 0
    assert "The log is whole: 2 rows, from row 1 on." in output
    assert output.splitlines()[-1].startswith("  2:")


def test_a_log_that_is_not_whole_fails(file: Path, ledger: Ledger) -> None:
    """It says from which row on, and what to do."""
    for _ in range(3):
        asked(ledger, "documents.find", {}, found=0)
    head = json.loads(log(file, "verify", "--json")[1])["head"]
    with ledger.writing() as connection:
        connection.execute(delete(access).where(access.c.number >= 3))
    code, output = log(file, "verify", "--head", head)
    assert code == 1
    assert "from row 3 on: the end is cut off" in output
    assert log(file, "verify")[0] == 0
    with ledger.writing() as connection:
        connection.execute(update(access).where(access.c.number == 2).values(found=9))
    code, output = log(file, "verify")
    assert code == 1
    assert "Nhật ký truy cập không còn nguyên từ dòng 2" in output


def test_who_verifies_is_recorded(file: Path, ledger: Ledger) -> None:
    """Whether the log is whole or not."""
    assert log(file, "verify")[0] == 0
    head = json.loads(log(file, "verify", "--json")[1])["head"]
    assert log(file, "verify", "--head", head)[0] == 0
    with ledger.writing() as connection:
        connection.execute(update(access).where(access.c.number == 2).values(found=9))
    assert log(file, "verify")[0] == 1
    with ledger.reading() as connection:
        rows = page(connection, limit=10)
    assert [(row.what, json.loads(row.subject), row.found) for row in rows] == [
        ("access.verify", {"broken_at": 2}, 0),
        ("access.verify", {"head": head}, 2),
        ("access.verify", {}, 9),
        ("access.verify", {}, 0),
    ]


@pytest.mark.parametrize("head", ["", "1", "1:", "0:" + "a" * 64, "1:" + "A" * 64, "x:" + "a" * 64])
def test_what_is_no_head_is_not_taken(file: Path, head: str) -> None:
    """Called wrongly."""
    assert log(file, "verify", "--head", head)[0] == 2


def test_who_asked_for_what(file: Path, ledger: Ledger) -> None:
    """Newest first; and whoever looks is recorded, too."""
    for number in range(3):
        asked(ledger, "documents.show", {"number": number, "left": None}, found=number)
    rows = json.loads(log(file, "list", "--limit", "2", "--json")[1])
    assert [(row["number"], row["what"], row["subject"], row["found"]) for row in rows] == [
        (3, "documents.show", '{"number": 2}', 2),
        (2, "documents.show", '{"number": 1}', 1),
    ]
    assert json.loads(log(file, "list", "--before", "2", "--json")[1])[0]["number"] == 1
    assert json.loads(log(file, "list", "--who", "nobody", "--json")[1]) == []
    newest = json.loads(log(file, "list", "--limit", "1", "--json")[1])[0]
    assert (newest["what"], newest["subject"], newest["role"]) == ("access.list", '{"who": "nobody"}', "operator")
    assert "access.list" in log(file, "list")[1]
