"""bus/cli/revocation.py, by `ca revoke`"""

import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from bus.cli.main import main
from bus.cli.revocation import REASONS, Since
from bus.files import authority
from schemas.values import VIETNAM

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)  # ten in the morning in Việt Nam


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["ca", *arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def ca(tmp_path: Path) -> str:
    """An authority that has issued one certificate."""
    folder = tmp_path / "ca"
    run("init", str(folder))
    run("issue-service", str(folder), "operator", "--out", str(tmp_path / "o.pem"), "--key", str(tmp_path / "o.key"))
    return str(folder)


def test_reasons_are_those_that_a_list_can_hold() -> None:
    assert set(REASONS) == set(authority.REASONS) - {"unspecified"}


@pytest.mark.parametrize("given", [(), ("--reason", "key-compromise"), ("--since", "2026-11-05")])
def test_without_a_terminal_both_must_be_given(ca: str, given: tuple[str, ...]) -> None:
    """It says what is missing and what each reason means, and revokes nothing."""
    said = run("revoke", ca, "operator", *given, code=2).stderr
    assert "A revocation needs a reason and a date" in said
    assert all(label.en in said and label.vi in said for label in REASONS.values())
    (line,) = json.loads(run("list", ca, "--json").stdout)
    assert line["revoked"] is None


@pytest.mark.timeout(60)
def test_at_a_terminal_it_asks(ca: str) -> None:
    """For the reason, until it is one; then for the date."""
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "bus.cli", "ca", "revoke", ca, "operator"]
    with subprocess.Popen(command, stdin=its, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as asking:
        os.close(its)
        os.write(ours, f"why not\nkey-compromise\nyesterday\n{datetime.now(VIETNAM):%Y-%m-%d}\n".encode())
        assert asking.stdout is not None
        said = asking.stdout.read().decode()
    os.close(ours)
    assert asking.returncode == 0, said
    assert "write it as 2026-11-05" in said
    (line,) = json.loads(run("list", ca, "--json").stdout)
    assert line["reason"] == "key-compromise"
    assert line["noted"] >= line["revoked"]


@pytest.mark.parametrize(
    ("given", "at", "is_day"),
    [
        ("2026-11-30", datetime(2026, 11, 29, 17, tzinfo=UTC), True),
        ("2026-11-30T07:30", datetime(2026, 11, 30, 0, 30, tzinfo=UTC), False),
        ("2026-11-30T07:30:00Z", datetime(2026, 11, 30, 7, 30, tzinfo=UTC), False),
        ("2026-11-30T07:30+09:00", datetime(2026, 11, 29, 22, 30, tzinfo=UTC), False),
    ],
)
def test_a_date_is_on_the_clock_of_viet_nam(given: str, at: datetime, is_day: bool) -> None:
    """A day begins at midnight there; a time may carry its own offset."""
    assert Since.parse(given) == Since(at, is_day)


@pytest.mark.parametrize("given", ["", "yesterday", "2026-13-01", "30/11/2026"])
def test_what_is_no_date_is_refused(ca: str, given: str) -> None:
    assert "write it as" in run("revoke", ca, "operator", "--reason", "superseded", "--since", given, code=2).stderr


@pytest.mark.parametrize(
    ("given", "began", "why"),
    [
        ("2026-11-30T10:00", NOW, None),
        ("2026-11-30T10:01", NOW, "in the future"),
        ("2026-12-01", NOW, "in the future"),
        ("2026-11-30", NOW, None),  # it began on that day
        ("2026-11-29", NOW, "before the certificate began"),
        ("2026-11-30T09:59", NOW, "before the certificate began"),
        ("2025-11-30", NOW - timedelta(days=300), "before the certificate began"),  # last year's, by a slip
        ("2026-11-01", NOW - timedelta(days=300), None),
    ],
)
def test_dates_that_cannot_be_meant(given: str, began: datetime, why: str | None) -> None:
    """Neither the future nor a time before there was a certificate; of several, the first counts."""
    since, several = Since.parse(given), (NOW, began)
    if why is None:
        since.check(began=several, now=NOW)
    else:
        with pytest.raises(click.BadParameter, match=why):
            since.check(began=several, now=NOW)
