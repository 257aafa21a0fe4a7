"""`lienthong adapter`: run."""

from pathlib import Path

import structlog
from click.testing import CliRunner

from bus.cli.main import main
from tests.unit.bus.wiring.configs import toml_of


def test_run_refuses_before_it_opens_anything(tmp_path: Path) -> None:
    """Neither keys nor stores of these mailboxes exist, and it is the addresses that are complained of."""
    for number, mailbox in enumerate(("H49", "H08")):
        (tmp_path / f"{mailbox}.toml").write_text(toml_of(mailbox, f"127.0.0.1:{number + 1}"))
    result = CliRunner().invoke(main, ["adapter", "run", str(tmp_path)])
    structlog.reset_defaults()
    assert result.exit_code != 0
    assert "H08 127.0.0.1:2, H49 127.0.0.1:1" in result.output
