import shutil
from pathlib import Path

import pytest

from bus.errors import BadConfig
from bus.files.directory import default_folder
from bus.wiring.console import HeldDirectory, wired_console
from bus.wiring.ledger_config import parse

STORE = b'store = "sqlite:////nonexistent/ledger.db"\n[broker]\nurl = "amqps://bus.example.vn"\n'


def test_a_console_is_made_of_a_ledgers_file(tmp_path: Path) -> None:
    """It listens although there is no ledger yet: that is looked for when somebody asks."""
    config = parse(STORE + b'[api]\nlisten = "127.0.0.1:0"\n', name="ledger.toml")
    with wired_console(config, file="ledger.toml") as server:
        assert server.port > 0
        server.close()


def test_a_file_without_the_section_is_told_of() -> None:
    """By its name."""
    with (
        pytest.raises(BadConfig, match=r"ledger\.toml .*\[api\] is missing"),
        wired_console(parse(STORE, name="ledger.toml"), file="ledger.toml"),
    ):
        pass


def test_a_certificate_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    """Before anybody is answered."""
    api = f'[api]\nlisten = "127.0.0.1:0"\ncertfile = "{tmp_path}/none.pem"\n'
    config = parse(STORE + api.encode(), name="ledger.toml")
    with pytest.raises(BadConfig, match=r"none\.pem"), wired_console(config, file="ledger.toml"):
        pass


def test_the_directory_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """And held until then; what cannot be read is said each time."""
    folder = tmp_path / "directory"
    shutil.copytree(default_folder(), folder)
    config = parse(f'directory = "{folder}"\n'.encode() + STORE, name="ledger.toml")
    held = HeldDirectory(config)
    assert held.now() is held.now()
    gone = parse(STORE + f'[trust]\nroot = "{tmp_path}/r"\ndirectory = "{tmp_path}/d"\n'.encode(), name="ledger.toml")
    for _ in range(2):
        with pytest.raises(BadConfig):
            HeldDirectory(gone).now()
