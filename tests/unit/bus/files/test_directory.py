"""A folder of TOML files becomes a directory, or an error that names the file."""

import gc
from datetime import date
from pathlib import Path

import pytest

from bus.errors import BadConfig, BadDirectory
from bus.files.directory import default_folder, load

ON = date(2026, 11, 1)
ENTRY = '[[agency]]\ncode = "H01"\nnames = [{ vi = "Một" }]\n'


def test_every_toml_file_is_read(tmp_path: Path) -> None:
    """By name, right in the folder; nothing else."""
    (tmp_path / "b.toml").write_text('[[mailbox]]\ncode = "H01"\n')
    (tmp_path / "a.toml").write_text(ENTRY)
    (tmp_path / "README.md").write_text("[[agency]]")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "a.toml").write_text(ENTRY)
    directory = load(tmp_path, on=ON)
    assert directory.on == ON
    assert directory.resolve("H01.2").mailbox == "H01"


def test_a_contradiction_names_its_file(tmp_path: Path) -> None:
    """BadDirectory, with the file as its keeper knows it."""
    (tmp_path / "a.toml").write_text(ENTRY)
    (tmp_path / "b.toml").write_text(ENTRY)
    with pytest.raises(BadDirectory, match=r"b\.toml, H01: .*a\.toml"):
        load(tmp_path, on=ON)


@pytest.mark.parametrize("what", ["missing", "file", "empty", "unreadable"])
def test_a_folder_that_cannot_be_read_is_bad_configuration(tmp_path: Path, what: str) -> None:
    """The operator is told which path, and why."""
    path = tmp_path / what
    match what:
        case "file":
            path.write_text("")
        case "empty":
            path.mkdir()
        case "unreadable":
            (path / "a.toml").mkdir(parents=True)
        case _:
            pass
    with pytest.raises(BadConfig) as raised:
        load(path, on=ON)
    assert str(raised.value.facts["file"]).startswith(str(path))
    assert raised.value.facts["why"]


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_left_as_it_was(tmp_path: Path, enabled: bool) -> None:
    """Also where the reading fails."""
    (tmp_path / "a.toml").write_text("?")
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with pytest.raises(BadDirectory):
            load(tmp_path, on=ON)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()


def test_the_directory_that_comes_along_is_found() -> None:
    """In a checkout it is deploy/directory; a wheel puts it at the same place beside the package."""
    assert load(default_folder(), on=ON).mailboxes
    assert default_folder().parts[-2:] == ("deploy", "directory")
