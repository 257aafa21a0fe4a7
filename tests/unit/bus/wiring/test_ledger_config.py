"""A ledger's TOML: what may stand in it, and what is said of what may not."""

import subprocess
import sys
from pathlib import Path

import pytest

from bus.errors import BadConfig
from bus.topology.names import LEDGER
from bus.wiring.ledger_config import load_ledger_config, parse

LEAST = 'store = "sqlite:////var/lib/lienthong/ledger.db"\n[broker]\nurl = "amqps://broker/lienthong"\n'


def test_the_least() -> None:
    """A database and a broker; all else has its default."""
    config = parse(LEAST.encode(), name="ledger.toml")
    assert (config.mailbox, config.keys) == (LEDGER, None)
    assert config.retention.years == 10
    assert (config.management, config.http, config.trust) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (LEAST.replace("amqps", "amqp"), "plain = true"),
        ("[broker]\n", "store"),
        ('directory = "d"\n' + LEAST + '[trust]\nroot = "r"\ndirectory = "e"\n', "leave `directory` out"),
        (LEAST + "[retention]\nyears = 0\n", "years"),
        (LEAST + '[management]\nurl = "https://b:15671"\nevery = 1\n', "every"),
        ('mailbox = "H49"\n' + LEAST, "mailbox"),
        (LEAST + "[adapter]\n", "adapter"),
        ("store =", "ledger.toml"),
    ],
    ids=["in clear", "no store", "two directories", "no year", "too often", "a mailbox", "an adapter", "no TOML"],
)
def test_what_is_refused(text: str, why: str) -> None:
    """With the name of what is wrong."""
    with pytest.raises(BadConfig, match=r"ledger\.toml") as raised:
        parse(text.encode(), name="ledger.toml")
    assert why in str(raised.value)


def test_a_file(tmp_path: Path) -> None:
    """Read from where it lies; one that is not there is said."""
    file = tmp_path / "ledger.toml"
    with pytest.raises(BadConfig, match=r"ledger\.toml"):
        load_ledger_config(file)
    file.write_text(LEAST, encoding="utf-8")
    assert load_ledger_config(file).store.endswith("ledger.db")


def test_to_read_it_needs_no_server() -> None:
    """Every command over a ledger reads it: half a second each, were the API's libraries imported for it."""
    code = "import bus.wiring.ledger_config, sys; print({'fastapi', 'starlette', 'uvicorn'} & sys.modules.keys())"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said == "set()\n"
