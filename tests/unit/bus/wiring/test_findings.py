"""What `adapter check` finds before a mailbox's daemon runs, without a broker."""

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner

from bus.cli.main import main
from bus.files.keys import load_keyring
from bus.store.open import open_store
from bus.wiring.adapter import make_adapter
from bus.wiring.service_user import name_of
from tests.fakes.dms import MemoryDms
from tests.house.vietnamese import english_in
from tests.identities import papers
from tests.unit.bus.wiring.configs import NOBODY, loaded, written

TRIAL = "  Thử một văn bản gửi cho chính mình / a test document to ourselves:"


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Of a mailbox that lacks nothing but a broker."""
    return written(tmp_path, "G22")


def check(*paths: Path) -> list[dict[str, object]]:
    result = CliRunner().invoke(
        main, ["adapter", "check", *map(str, paths), "--wait", "0.05", "--json"], catch_exceptions=False
    )
    said: list[dict[str, object]] = json.loads(result.stdout)
    assert result.exit_code == (1 if any(not each["ok"] for each in said) else 0)
    return said


def findings(path: Path) -> list[str]:
    (said,) = check(path)
    found = said["findings"]
    assert isinstance(found, list)
    return found


def test_a_broker_that_is_away_is_the_only_finding(config: Path) -> None:
    """In both languages, with where it was looked for, without the password; nothing of the link's log among it."""
    (found,) = findings(config)
    assert found.startswith("Không kết nối được RabbitMQ: ")
    assert " / RabbitMQ cannot be reached: " in found
    assert "geheim" not in found


def test_a_broker_that_does_not_answer_is_said(config: Path) -> None:
    """A firewall that swallows everything: after the patience, and no longer."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config.write_text(config.read_text().replace("127.0.0.1:1/", f"127.0.0.1:{silent.getsockname()[1]}/"))
        (found,) = findings(config)
    assert "RabbitMQ cannot be reached: no answer in 0.05 s." in found
    assert "Không kết nối được RabbitMQ: không trả lời trong 0.05 giây." in found


def test_a_document_system_without_a_check_is_ready(tmp_path: Path) -> None:
    """An adapter need not have one."""
    (found,) = findings(written(tmp_path, "G22", use="tests.fakes.dms:MemoryDms"))
    assert "RabbitMQ" in found
    assert MemoryDms().check() == ()


def test_large_files_that_its_document_system_cannot_be_handed(config: Path) -> None:
    """What the directory lets others send is more than fits there: said before one comes."""
    for listing in Path(loaded(config).directory or "").glob("*.toml"):
        text = listing.read_text(encoding="utf-8")
        listing.write_text(text.replace("[[mailbox]]\n", "[[mailbox]]\nlargest = 5_000_000_000\n"), encoding="utf-8")
    assert len(findings(config)) == 1
    text = config.read_text(encoding="utf-8").replace("adapters.folder:FolderAdapter", "tests.unit.bus.cli.plain:Plain")
    config.write_text(text, encoding="utf-8")
    assert any("5000000000 bytes of large files" in found for found in findings(config))


def test_versions_that_are_not_read_here(config: Path) -> None:
    """Others would send what is no message here: said before one comes."""
    for listing in Path(loaded(config).directory or "").glob("*.toml"):
        text = listing.read_text(encoding="utf-8")
        listing.write_text(text.replace("[[mailbox]]\n", "[[mailbox]]\nversions = [1, 2, 3]\n"), encoding="utf-8")
    assert any("reads messages of version 3; 2 is the newest" in found for found in findings(config))


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ('mailbox = "G22"', 'mailbox = "X99"', "The directory has no key for X99."),
        (f'url = "{NOBODY}"', 'url = "http://example.vn"', "amqp://"),
        ("keys-G22", "keys-H49", "The directory lacks signing key "),
        ("FolderAdapter", "Nothing", "adapters.folder:Nothing cannot be loaded"),
        ("\nroot", "\nrot", "rot: there is no such setting"),
        ("as_of = 2026-11-22", "as_of = 2026-13-22", "no TOML"),
        ("sqlite:///", "sqlite:////nowhere", "there is no folder /nowhere"),
        ("sqlite:///", "mysql:///", "a store is an SQLite file"),
    ],
)
def test_what_is_wrong_is_found(tmp_path: Path, config: Path, old: str, new: str, finding: str) -> None:
    """Each in the words of the error that a daemon would have ended with."""
    written(tmp_path, "H49").unlink()
    config.write_text(config.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert [found for found in findings(config) if finding in found]


def test_many_configurations_are_checked_in_one_go(tmp_path: Path) -> None:
    """A line each for people, their findings under it; exit code 1 where one is not ready."""
    paths = [written(tmp_path, code) for code in ("G22", "H49")]
    assert [(said["config"], said["ok"]) for said in check(tmp_path)] == [(str(path), False) for path in paths]
    result = CliRunner().invoke(main, ["adapter", "check", str(tmp_path), "--wait", "0.05"])
    lines = result.output.splitlines()
    assert [line for line in lines if not line.startswith("  ")] == [
        f"{path}: chưa chạy được / not ready" for path in paths
    ]
    assert result.exit_code == 1


def test_people_read_one_language_at_a_time(config: Path) -> None:
    """A finding is a line in Vietnamese and one in English; then who asks, where, and what a document would meet."""
    result = CliRunner().invoke(main, ["adapter", "check", str(config), "--wait", "0.05"])
    lines = result.output.splitlines()
    assert lines[1].startswith("  - Không kết nối được RabbitMQ: ")
    assert not english_in(lines[1].partition(" [")[0])
    assert lines[2].startswith("    RabbitMQ cannot be reached: ")
    assert lines[3].startswith(f"  Người dùng / user: {name_of(os.geteuid())} (")
    assert any(line.startswith(f"    ✓ đọc / read   {config.parent / 'keys-G22'}  ") for line in lines)
    assert sum(line.startswith("    ✓ ") for line in lines[lines.index(TRIAL) :]) == 5
    assert all(len(line) <= 80 for line in lines[lines.index(TRIAL) :])
    assert not any(path.name.startswith("G22.db") for path in config.parent.iterdir())


def test_programs_read_the_same(config: Path) -> None:
    """The user, the places and the steps of the trial."""
    (said,) = check(config)
    assert said["user"]["uid"] == os.geteuid()  # type: ignore[index]
    assert [(each["what"], each["use"], each["ok"]) for each in said["places"]] == [  # type: ignore[attr-defined]
        ("keys", "read", True), ("store", "write", True), ("directory", "read", True)
    ]  # fmt: skip
    assert [each["ok"] for each in said["tried"]] == [True] * 5  # type: ignore[attr-defined]


def test_a_store_that_is_there_is_looked_at_and_left_as_it_is(config: Path) -> None:
    """Another mailbox's is a finding; one that its daemon has under lock is none. No lock is taken."""
    url, lock = loaded(config).store, config.parent / "G22.db.lock"
    store = open_store(url, owner="G22")
    make_adapter(loaded(config).adapter, name="G22")
    assert len(findings(config)) == 1
    store.close()
    lock.unlink()
    assert len(findings(config)) == 1
    assert not lock.exists()
    config.parent.joinpath("G22.db").unlink()
    open_store(url, owner="H49").close()
    assert any("it is the store of mailbox H49" in found for found in findings(config))


def test_folders_that_are_gone_from_a_mailbox_at_work_are_found(config: Path) -> None:
    """Its store is there: it ran before, and would fill new folders that nobody looks into."""
    root = Path(str(loaded(config).adapter.options["root"]))
    assert len(findings(config)) == 1
    open_store(loaded(config).store, owner="G22").close()
    make_adapter(loaded(config).adapter, name="G22")
    root.rename(root.with_name("other"))
    assert any(f"There is no folder {root}" in found for found in findings(config))


def test_a_file_that_waits_is_counted_and_is_no_finding(config: Path) -> None:
    """A stray file of a clerk's is a warning."""
    make_adapter(loaded(config).adapter, name="G22")
    stray = Path(str(loaded(config).adapter.options["root"])) / "outgoing/cv.docx"
    stray.touch()
    os.utime(stray, (1, 1))
    time.sleep(1.1)
    (said,) = check(config)
    assert said["waiting"] == 1
    assert len(said["findings"]) == len(said["warnings"]) == 1  # type: ignore[arg-type]
    result = CliRunner().invoke(main, ["adapter", "check", str(config), "--wait", "0.05"])
    assert "not ready; 1 tệp nằm chờ / waiting" in result.stdout


def test_one_thing_is_said_once(config: Path) -> None:
    """Keys that cannot be read are a finding of the member, and stop the trial."""
    (said,) = check(config)
    key = config.parent / "keys-G22" / "sealing-1.pem"
    key.chmod(0o644)
    (said,) = check(config)
    assert len([found for found in said["findings"] if "chmod 600" in str(found)]) == 1  # type: ignore[attr-defined]
    assert said["tried"] == []


def test_a_root_that_is_missing_is_said_of_the_root(config: Path) -> None:
    """And not of the mailbox's own certificate, which is there; with where to get it."""
    root, own = config.parent / "root.pem", config.parent / "keys-G22" / "signing-1.crt"
    own.write_bytes(papers().certificate("G22", load_keyring(own.parent).signing[0]).to_pem())
    text = config.read_text().replace("plain = true\n", "").replace("amqp://G22:geheim@", "amqps://")
    text = "\n".join(line for line in text.splitlines() if not line.startswith("directory = "))
    config.write_text(f'{text}\n[trust]\nroot = "{root}"\ndirectory = "{config.parent}/edition"\n')
    (said,) = check(config)
    (found,) = map(str, said["findings"])  # type: ignore[call-overload]
    assert f"{root} cannot be used: No such file or directory. Get the root's certificate from the centre" in found
    assert said["tried"] == []
    result = CliRunner().invoke(main, ["adapter", "check", str(config), "--wait", "0.05"])
    assert f"    ✗ đọc / read   {root}  ?" in result.output.splitlines()


def test_a_port_for_other_machines_is_a_warning(config: Path) -> None:
    """It stands in nobody's way: a monitor elsewhere may be meant. A token that cannot be read does."""
    config.write_text(config.read_text() + '[http]\nlisten = "0.0.0.0:9301"\ntoken_file = "/nowhere/token"\n')
    (said,) = check(config)
    assert [str(each).partition(":")[0] for each in said["warnings"]] == ["[http] listen = 0.0.0.0"]  # type: ignore[attr-defined]
    assert ["/nowhere/token" in each for each in findings(config)] == [True, False]
    result = CliRunner().invoke(main, ["adapter", "check", str(config), "--wait", "0.05"])
    assert "  ! [http] listen = 0.0.0.0:9301: máy khác hỏi được" in result.stdout
    assert "    [http] listen = 0.0.0.0:9301: other machines can ask" in result.stdout
    config.write_text("no TOML")
    assert check(config)[0]["warnings"] == []
