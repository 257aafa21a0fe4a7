"""The file of the broker's passwords."""

import stat
from pathlib import Path

import pytest

from bus.errors import BadConfig
from bus.files.credentials import add_credentials, load_credentials


def test_what_is_written_is_read_and_nobody_else_can(tmp_path: Path) -> None:
    """Codes with dots and passwords with quotes survive; the file is for its owner only."""
    file = tmp_path / "credentials.toml"
    assert load_credentials(file) == {}
    add_credentials(file, {"H29.12": 'a"b\\c', "G22": "x"})
    assert load_credentials(file) == {"H29.12": 'a"b\\c', "G22": "x"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["credentials.toml"]


def test_what_stands_there_stays(tmp_path: Path) -> None:
    """Comments and passwords written by hand are kept, a missing last line end is mended."""
    file = tmp_path / "credentials.toml"
    file.touch(mode=0o600)
    file.write_text('# ours\n"A" = "1"')
    add_credentials(file, {"B": "2"})
    assert file.read_text() == '# ours\n"A" = "1"\n"B" = "2"\n'


def test_a_file_of_an_editor_on_windows(tmp_path: Path) -> None:
    """Its byte order mark is no part of it, and does not come back when a line is added."""
    file = tmp_path / "credentials.toml"
    file.touch(mode=0o600)
    file.write_bytes(b'\xef\xbb\xbf"A" = "1"\r\n')
    assert load_credentials(file) == {"A": "1"}
    add_credentials(file, {"B": "2"})
    assert load_credentials(file) == {"A": "1", "B": "2"}
    assert not file.read_bytes().startswith(b"\xef")


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ('"A" = "1"\n', 0o640, "chmod 600"),
        ('"A" = ', 0o600, "no TOML"),
        ('"A" = 1\n[B]\n', 0o600, "A, B"),
        ('"A" = ""\n', 0o600, "A"),
    ],
)
def test_a_file_that_is_wrong_is_refused(tmp_path: Path, text: str, mode: int, words: str) -> None:
    """The error names the file and what to do."""
    file = tmp_path / "credentials.toml"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(BadConfig, match=words):
        load_credentials(file)


def test_a_place_that_cannot_be_read_or_written_is_said(tmp_path: Path) -> None:
    """A folder in the file's place, and a folder that does not exist."""
    with pytest.raises(BadConfig):
        load_credentials(tmp_path)
    with pytest.raises(BadConfig):
        add_credentials(tmp_path / "nowhere" / "credentials.toml", {"A": "1"})
