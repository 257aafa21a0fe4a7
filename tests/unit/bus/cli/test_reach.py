"""Whom of the agencies that a package names it would not reach: a case a row."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from bus.cli.main import main
from bus.cli.reach import findings
from bus.directory.agencies import Directory
from bus.directory.keys import MailboxKeys
from schemas.codes import StatusCode
from tests.packages import DOCUMENT, spoiled
from tests.scenarios.country import document, status

SOURCE = """
[[agency]]
code = "G22"
names = [{ vi = "Văn phòng Chính phủ" }]
[[agency]]
code = "H49.06"
names = [{ vi = "Sở A" }]
[[agency]]
code = "G05"
names = [{ vi = "Bộ Kế hoạch và Đầu tư" }]
closed = 2025-03-01
successor = "G22"
[[agency]]
code = "H08"
names = [{ vi = "UBND tỉnh Bình Định" }]
closed = 2025-07-01
successor = "G22"
forward = true
[[agency]]
code = "G37"
names = [{ vi = "Cơ quan cũ" }]
closed = 2025-04-14
[[agency]]
code = "G12"
names = [{ vi = "Bộ Tài chính" }]
[[mailbox]]
code = "G22"
[[mailbox]]
code = "H49.06"
"""
DIRECTORY = Directory.parse({"d.toml": SOURCE.encode()}, on=date(2026, 1, 5))


@pytest.mark.parametrize(
    ("sender", "recipient", "found"),
    [
        ("H49.06", "G22", []),
        ("H49.06", "X99", [("X99", "unknown-agency", True, None)]),
        ("H49.06", "G12", [("G12", "no-mailbox", True, None)]),
        ("H49.06", "G05", [("G05", "agency-closed", True, "G22")]),
        ("H49.06", "G37", [("G37", "agency-closed", True, None)]),
        ("H49.06", "H08", [("H08", "forwarded", False, "G22")]),
        ("X98", "G22", [("X98", "unknown-agency", True, None)]),
        ("G12", "G22", [("G12", "no-mailbox", True, None)]),
        ("G05", "X99", [("G05", "agency-closed", True, "G22"), ("X99", "unknown-agency", True, None)]),
        ("H08", "G22", [("H08", "agency-closed", True, "G22")]),
        ("G37", "G22", [("G37", "agency-closed", True, None)]),
    ],
)
def test_who_is_not_reached(sender: str, recipient: str, found: list[tuple[str, str, bool, str | None]]) -> None:
    """Unknown, closed (with the successor's code), without a mailbox; a forwarded code is said and stops nothing."""
    for item in (
        document(sender, recipient),
        status(StatusCode.ACCEPTED, document(recipient, sender), sender, recipient),
    ):
        said = findings(item, DIRECTORY)
        assert [(each.agency, each.rule, each.stops, each.successor) for each in said] == found
        for each in said:
            assert each.says.vi != each.says.en
            assert each.successor is None or each.successor in each.says.vi


def test_who_has_no_keys_is_not_reached() -> None:
    """As the bus would say; a directory of names alone says nothing of keys."""
    book = replace(DIRECTORY.book, keys={"H49.06": MailboxKeys(signing=(b"k",), sealing=(b"s",))})
    directory = Directory(book, on=DIRECTORY.on)
    assert [(each.agency, each.rule) for each in findings(document("H49.06", "G22"), directory)] == [("G22", "no-key")]
    assert not findings(document("G22", "H49.06"), directory)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory" / "d.toml").write_text(SOURCE)
    (tmp_path / "good.edxml").write_text(DOCUMENT)
    (tmp_path / "a.edxml").write_bytes(spoiled(DOCUMENT, ("<edXML:OrganId>G22<", "<edXML:OrganId>G05<")))
    return tmp_path / "a.edxml"


CONFIG = """
mailbox = "H49"
keys = "{0}/keys"
store = "sqlite:///{0}/H49.db"
{1}
[broker]
url = "amqp://127.0.0.1:1/x"
plain = true
[adapter]
use = "adapters.folder:FolderAdapter"
"""


@pytest.mark.parametrize(
    ("options", "directory", "exit_code", "said"),
    [
        ([], "", 0, "were not compared with a directory"),
        (["--directory", "{0}/directory"], "", 1, "its successor is G22"),
        (["-c", "{0}/c.toml"], 'directory = "{0}/directory"', 1, "its successor is G22"),
        (["-c", "{0}/c.toml"], "", 1, "its successor, G12, has no mailbox"),
        (["-c", "{0}/c.toml"], '[trust]\nroot = "{0}/root.pem"\ndirectory = "{0}/edition"', 1, "root.pem"),
        (["--directory", "{0}/edition"], "", 1, "--root"),
    ],
)
def test_which_directory(package: Path, options: list[str], directory: str, exit_code: int, said: str) -> None:
    """One that is named, the one that a daemon holds, or none, and that is said."""
    here = package.parent
    (here / "c.toml").write_text(CONFIG.format(here, directory.format(here)))
    environment = {"LIENTHONG_DIRECTORY": "", "LIENTHONG_CONFIG": ""}
    arguments = ["edxml", "check", str(package), *(each.format(here) for each in options)]
    result = CliRunner(env=environment).invoke(main, arguments)
    assert (result.exit_code, said in result.output) == (exit_code, True), result.output
