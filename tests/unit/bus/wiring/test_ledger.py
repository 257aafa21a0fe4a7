"""bus/wiring/ledger.py: what a TOML becomes, without a broker; with one: tests/integration/test_ledger.py."""

from pathlib import Path

import pytest

from bus.errors import BadConfig, BrokerAway
from bus.ledger.open import open_ledger
from bus.topology.names import AUDIT
from bus.wiring.ledger import broker_nodes, clocks_of, management_url, wired
from bus.wiring.ledger_config import CalendarConfig, LedgerConfig, ManagementConfig, parse
from tests.unit.bus.wiring.configs import written

CLOCK = """
[clock.reply]
vi = "Trả lời"
en = "Reply"
article = "TT 1/2026"
starts = "sent"
met_by = ["06"]
limit = "5 days"
"""


def config(folder: Path, more: str = "") -> LedgerConfig:
    """With a directory of one mailbox, and a broker that nobody runs."""
    written(folder, "G22")
    text = (
        f'store = "sqlite:///{folder}/ledger.db"\ndirectory = "{folder}/directory"\nas_of = 2026-11-22\n'
        '[broker]\nplain = true\nurl = "amqp://ledger:geheim@127.0.0.1:1/lienthong"\n' + more
    )
    return parse(text.encode(), name="ledger.toml")


def test_what_is_made(tmp_path: Path) -> None:
    """Nothing is opened before it runs, and all is closed again."""
    with wired(config(tmp_path)) as made:
        assert not made.process.is_working
        assert made.process.follower is None
        assert all(is_alive() for is_alive in made.threads.values())
    assert not (tmp_path / "ledger.db").exists()
    assert not any(is_alive() for is_alive in made.threads.values())


def test_without_a_broker_it_waits(tmp_path: Path) -> None:
    """Its database is opened all the same; the loop says what is away."""
    with wired(config(tmp_path)) as made:
        ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
        work = made.process._make(ledger)
        assert [each.state.name for each in work.ingests] == [AUDIT]
        with pytest.raises(BrokerAway):
            work.ingests[0].step()
        work.close()
        ledger.close()


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    """It is found before anything is opened."""
    other = config(tmp_path).model_copy(update={"directory": str(tmp_path / "none")})
    with pytest.raises(BadConfig, match="none"), wired(other):
        pass


def test_the_ledgers_own_login(tmp_path: Path) -> None:
    """The user `ledger`, at every node."""
    assert {node.user for node in broker_nodes(config(tmp_path), None)} == {"ledger"}


def test_clocks_of_a_ministry(tmp_path: Path) -> None:
    """Added to the law's; a file that is not there is named."""
    file = tmp_path / "clocks.toml"
    plain = config(tmp_path)
    wanted = plain.model_copy(update={"calendar": CalendarConfig(clocks=str(file))})
    with pytest.raises(BadConfig, match=r"clocks\.toml"):
        clocks_of(wanted)
    file.write_text(CLOCK, encoding="utf-8")
    assert {clock.code for clock in clocks_of(wanted)} > {"reply", "acknowledge"}
    assert "reply" not in {clock.code for clock in clocks_of(plain)}


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://look@b1:15671 https://look@b2:15671", "https://look:p%40ss@b1:15671 https://look:p%40ss@b2:15671"),
        ("https://look:own@b1:15671", "https://look:own@b1:15671"),
    ],
)
def test_a_password_of_the_management_api(tmp_path: Path, url: str, wanted: str) -> None:
    """From its file, where the URL has none; for each node."""
    file = tmp_path / "password"
    file.touch(mode=0o600)
    file.write_text("p@ss\n", encoding="utf-8")
    assert management_url(ManagementConfig(url=url, password_file=str(file))) == wanted
    assert management_url(ManagementConfig(url=url)) == url
