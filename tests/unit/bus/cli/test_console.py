import json
import signal
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from bus.cli.main import main
from bus.console.app import openapi
from bus.console.callers import PREFIX, Callers, digest
from bus.ledger.access import page
from bus.ledger.open import open_ledger
from bus.wiring.api_config import CallerConfig
from tests.contract.ledger_rows import NOW
from tests.unit.bus.cli.ledger_file import ledger_toml


def run(*args: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["console", *args], catch_exceptions=False)
    return done.exit_code, done.output


NEW = ["new-key", "--name", 'Sở "Nội vụ"', "--role", "agency", "--agency", "H49.06", "--ends-on", "2027-11-30"]


def test_a_key_is_made_with_the_lines_that_know_it() -> None:
    """The key is nowhere in them."""
    code, output = run(*NEW)
    key = next(word for word in output.split() if word.startswith(PREFIX))
    lines = output[output.index("[[api.key]]") :]
    assert code == 0
    assert key not in lines
    (made,) = tomllib.loads(lines)["api"]["key"]
    caller = Callers(keys=[CallerConfig.model_validate(made).credential()]).who(key=key, certificate=None, now=NOW)
    assert (caller.name, caller.agencies) == ('Sở "Nội vụ"', frozenset({"H49.06"}))
    assert str(caller.ends_on) == "2027-11-30"


def test_no_two_keys_are_one() -> None:
    """And a program is told it in JSON."""
    first, second = (json.loads(run(*NEW, "--json")[1]) for _ in range(2))
    assert first["key"] != second["key"]
    assert first["caller"]["sha256"] == digest(first["key"].encode())


@pytest.mark.parametrize(
    "args",
    [
        ["new-key", "--name", "a", "--role", "agency"],
        ["new-key", "--name", "a", "--role", "auditor", "--agency", "H49"],
        ["new-key", "--name", " ", "--role", "auditor"],
        ["new-key", "--name", "a", "--role", "agency", "--agency", "H 49"],
        ["new-key", "--name", "a", "--role", "admin"],
    ],
)
def test_a_key_that_no_file_would_take_is_not_made(args: list[str]) -> None:
    """Called wrongly."""
    code, output = run(*args)
    assert code == 2
    assert PREFIX not in output


def test_the_description_is_printed() -> None:
    """For who makes a client of it."""
    assert json.loads(run("openapi")[1]) == json.loads(json.dumps(openapi()))


def test_without_the_section_there_is_no_api(tmp_path: Path) -> None:
    """It is said of the file."""
    code, output = run("run", str(ledger_toml(tmp_path)))
    assert code == 1
    assert "the section [api] is missing" in output


def test_it_answers_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """From the TOML, in a process of its own; who asked stands in the ledger. It ends within seconds, cleanly."""
    made = json.loads(run("new-key", "--name", "Thanh tra", "--role", "auditor", "--json")[1])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = ledger_toml(
        tmp_path,
        f'[api]\nlisten = "127.0.0.1:{port}"\n[[api.key]]\nname = "Thanh tra"\nrole = "auditor"\n'
        f'sha256 = "{made["caller"]["sha256"]}"\n',
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "bus.cli", "console", "run", str(file)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert "console.listening" in process.stdout.readline()
        url, headers = f"http://127.0.0.1:{port}/api/v1/access", {"Authorization": f"Bearer {made['key']}"}
        with httpx.Client(trust_env=False, verify=False) as client:
            assert client.get(url, headers=headers).json() == {"rows": [], "next": None}
            assert client.get(url).status_code == 401
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - began < 6
    finally:
        process.kill()
        process.communicate()
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db", exclusive=False)
    with ledger.reading() as connection:
        assert [(row.who, row.what) for row in page(connection)] == [("Thanh tra", "access.list")]
    ledger.close()
