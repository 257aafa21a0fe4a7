"""Tables as wide as the terminal, of other people's words."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console

from bus.cli.output import Trouble
from bus.cli.tables import emit_table, table


def test_other_people_s_words_are_no_markup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "[mật]" and ":smile:" are printed as they were written, under a title and heads."""
    monkeypatch.setenv("COLUMNS", "60")
    emit_table(("code", "name"), [("G22", "[mật] :smile:"), (None, 12)], title="[đầu đề]")
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["[đầu đề]", "code  name", "G22   [mật] :smile:", "      12"]


def test_a_list_in_a_cell_is_its_lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them one line, whatever it holds."""
    monkeypatch.setenv("COLUMNS", "60")
    emit_table(("code", "why"), [("G22", ["one", "t\nwo"]), ("H49", "x")])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["code  why", "G22   one", "      t⏎wo", "H49   x"]


def test_the_head_of_a_column_of_times_says_their_zone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, instead of in every cell; a column without any time says nothing."""
    monkeypatch.setenv("COLUMNS", "60")
    emit_table(("Lúc\nat", "sent"), [(datetime(2026, 11, 22, 17, 30, 5, tzinfo=UTC), None), (None, "x")])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["Lúc", "at +07               sent", "2026-11-23 00:30:05", "                     x"]


@pytest.mark.parametrize(
    ("columns", "cell", "red"),
    [
        (("code",), Trouble("parked"), True),
        (("code",), "! sai / wrong", True),
        (("code",), ["name", "! gone"], True),
        (("Có gì sai\nwhat is wrong",), "nobody reads", True),
        (("code",), "well", False),
    ],
)
def test_what_is_wrong_is_red_at_a_terminal(columns: tuple[str, ...], cell: object, red: bool) -> None:
    """A cell that begins with a mark, or is said to be trouble, and all of a column of faults; none where it is
    piped."""
    for terminal in (True, False):
        screen = StringIO()
        console = Console(file=screen, force_terminal=terminal, color_system="standard" if terminal else None, width=60)
        console.print(table(columns, [(cell,)]))
        assert ("\x1b[31m" in screen.getvalue()) is (red and terminal)


def test_a_table_of_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Instead of heads above nothing."""
    emit_table(("code",), [])
    assert capsys.readouterr().out == "Không có gì. / Nothing there.\n"
