"""Tables as wide as the terminal, of other people's words."""

import pytest

from bus.cli.tables import emit_table


def test_other_people_s_words_are_no_markup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "[mật]" and ":smile:" are printed as they were written, under a title and heads."""
    monkeypatch.setenv("COLUMNS", "60")
    emit_table(("code", "name"), [("G22", "[mật] :smile:"), (None, 12)], title="[đầu đề]")
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["[đầu đề]", "code  name", "G22   [mật] :smile:", "      12"]
