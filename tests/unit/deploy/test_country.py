"""deploy/country.py and deploy/show.py: no credential where every local user can read it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy import country as countries
from deploy import show
from deploy.country import Country

APPLY = """
import json, os, sys
where = sys.argv[sys.argv.index("--credentials") + 1]
open(where, "w").write('H49 = "own"')
json.dump([sys.argv[1:], os.environ["LIENTHONG_MANAGEMENT_URL"]], open(where + ".said", "w"))
"""


@dataclass
class Broker:
    amqp_url: str = "amqp://admin:geheim@127.0.0.1:5672/"
    management_url: str = "http://127.0.0.1:15672"
    user: str = "admin"
    password: str = "ge/heim"


def test_the_management_password_is_on_no_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes by the environment; the mailbox's own lies in a file for its owner."""
    (tmp_path / "config").mkdir()
    monkeypatch.setattr(countries, "LIENTHONG", (sys.executable, "-c", APPLY))
    country = Country(root=tmp_path, mailboxes=("H49",), as_of=date(2026, 11, 1))
    countries.connect(country, Broker())  # type: ignore[arg-type]
    arguments, url = json.loads((tmp_path / "credentials.toml.said").read_text())
    assert url == "http://admin:ge%2Fheim@127.0.0.1:15672"
    assert not [argument for argument in arguments if "heim" in argument]
    assert country.config("H49").stat().st_mode & 0o077 == 0


def test_a_failed_command_is_shown_by_what_it_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by its command line."""

    def fail(*_: object) -> None:
        raise subprocess.CalledProcessError(1, ["lienthong", "--secret"], stderr="RabbitMQ says [no]")

    monkeypatch.setattr(show, "_run", fail)
    result = CliRunner().invoke(show.main, [])
    assert (result.exit_code, result.output.strip()) == (1, "RabbitMQ says [no]")
