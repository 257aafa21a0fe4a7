"""A ledger opened for a command, and the directory that it judges by."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bus.errors import BadConfig, BusError
from bus.ledger.open import open_ledger
from bus.wiring.ledger_config import LedgerConfig, load_ledger_config, parse
from bus.wiring.ledgers import ledger_of, onlooker_of
from schemas.values import VIETNAM
from tests.unit.bus.cli.kept_ledger import config_of


def _config(folder: Path, more: str = "") -> LedgerConfig:
    config = config_of(folder)
    return parse(more.encode() + config.read_bytes(), name="ledger.toml")


def test_beside_its_process(tmp_path: Path) -> None:
    """Which has it meanwhile."""
    process = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    with ledger_of(load_ledger_config(config_of(tmp_path))) as ledger, ledger.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM document").scalar() == 0
    assert process.is_ours
    process.close()


def test_the_project_s_own_directory(tmp_path: Path) -> None:
    """Where the TOML names none: as of today, in Việt Nam; and nobody signed it."""
    onlooker = onlooker_of(_config(tmp_path))
    assert onlooker.directory.on == datetime.now(UTC).astimezone(VIETNAM).date()
    assert onlooker.trust_store is None
    assert onlooker.directory.agency("H49").code == "H49"


@pytest.mark.parametrize("more", ['directory = "/nowhere"\n'])
def test_a_directory_that_is_not_there(tmp_path: Path, more: str) -> None:
    """Its file is named."""
    with pytest.raises(BusError) as raised:
        onlooker_of(_config(tmp_path, more))
    assert "/nowhere" in str(raised.value)


def test_a_signed_directory_that_is_not_there(tmp_path: Path) -> None:
    """Nothing is believed in its place."""
    config = config_of(tmp_path)
    config.write_text(config.read_text() + f'[trust]\nroot = "{tmp_path}/root.pem"\ndirectory = "{tmp_path}/edition"\n')
    with pytest.raises(BadConfig, match=r"root\.pem|edition"):
        onlooker_of(load_ledger_config(config))
