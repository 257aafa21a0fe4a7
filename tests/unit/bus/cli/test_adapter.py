"""The wiring of a daemon: which files are meant, what stands behind the ports, what `check` finds without a broker."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner

from adapters.folder import FolderAdapter
from bus.cli import adapter as wiring
from bus.cli.main import main
from bus.config import AdapterConfig, Config, parse
from bus.daemon.mailbox import MailboxDaemon
from bus.directory import render_keys
from bus.errors import AlreadyRunning, BadConfig
from bus.files.keys import save_identity
from bus.keys import Identity, new_identity
from bus.store import open_store
from tests.fakes.dms import MemoryDms

NOBODY = "amqp://G22:geheim@127.0.0.1:1/"


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Of a mailbox that lacks nothing but a broker."""
    return written(tmp_path, "G22")


def written(folder: Path, code: str, *, identity: Identity | None = None, **changes: str) -> Path:
    identity = identity or new_identity()
    keys, directory = folder / f"keys-{code}", folder / "directory"
    save_identity(keys, identity)
    directory.mkdir(exist_ok=True)
    public = [identity.signing.public.to_bytes()], [key.public.to_bytes() for key in identity.sealing]
    (directory / f"{code}.toml").write_text(
        f'[[agency]]\ncode = "{code}"\nnames = [{{ vi = "Cơ quan {code}" }}]\n[[mailbox]]\ncode = "{code}"\n'
        + render_keys(code, signing=public[0], sealing=public[1]),
        encoding="utf-8",
    )
    values = {
        "mailbox": code,
        "keys": str(keys),
        "store": f"sqlite:///{folder / code}.db",
        "directory": str(directory),
        "url": NOBODY,
        "use": "adapters.folder:FolderAdapter",
        **changes,
    }
    path = folder / f"{code}.toml"
    path.write_text(
        "\n".join(f'{name} = "{values[name]}"' for name in ("mailbox", "keys", "store", "directory"))
        + f'\nas_of = 2026-11-22\n[broker]\nplain = true\nurl = "{values["url"]}"\n'
        + f'[adapter]\nuse = "{values["use"]}"\n[adapter.options]\nroot = "{folder / "dms" / code}"\n',
        encoding="utf-8",
    )
    (folder / "dms").mkdir(exist_ok=True)
    return path


def loaded(path: Path) -> Config:
    return parse(path.read_bytes(), name=str(path))


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


# -- which files -------------------------------------------------------------------------------------------------------


def test_a_folder_means_the_toml_files_in_it(tmp_path: Path) -> None:
    """Sorted; a file means itself, in the order given."""
    for name in ("b.toml", "a.toml", "notes.txt"):
        (tmp_path / name).touch()
    other = tmp_path / "notes.txt"
    assert wiring.files([other, tmp_path]) == [other, tmp_path / "a.toml", tmp_path / "b.toml"]


# -- wiring ------------------------------------------------------------------------------------------------------------


def test_a_configuration_becomes_a_daemon(config: Path) -> None:
    """Its mailbox, its directory as of its day, its document system; not started, and closed by whoever has it."""
    with wiring.running([loaded(config)]) as hosted:
        (daemon,) = hosted.daemons
        assert isinstance(daemon, MailboxDaemon)
        assert daemon.mailbox == "G22"
        assert not daemon.broker.is_up
        assert not any(loop.health.turns for loop in daemon.loops)
        with pytest.raises(AlreadyRunning):
            open_store(loaded(config).store, owner="G22")
        daemon.close()
    open_store(loaded(config).store, owner="G22").close()


def test_what_was_opened_before_a_wiring_failed_is_closed(tmp_path: Path, config: Path) -> None:
    """The second mailbox names a class that is not there: the first one's store is free again."""
    wrong = written(tmp_path, "H49", use="adapters.folder:Nothing")
    with pytest.raises(BadConfig), wiring.running([loaded(config), loaded(wrong)]):
        pytest.fail("it began")
    for path in (config, wrong):
        open_store(loaded(path).store, owner=loaded(path).mailbox).close()


def test_a_member_has_its_own_limit_and_ids(config: Path) -> None:
    """`max_content` of the TOML, else the bus's; ids are UUIDs of version 7, later ones greater."""
    member = wiring.member_of(loaded(config))
    assert (member.mailbox, member.directory.on) == ("G22", date(2026, 11, 22))
    assert member.max_content == 12 * 1024 * 1024
    ids = [member.new_id() for _ in range(3)]
    assert sorted(ids) == ids
    assert {each[14] for each in ids} == {"7"}
    config.write_text("max_content = 4096\n" + config.read_text())
    assert wiring.member_of(loaded(config)).max_content == 4096


def test_a_password_can_lie_in_a_file(tmp_path: Path, config: Path) -> None:
    """For its owner only; it is in no representation of the settings."""
    secret = tmp_path / "password"
    secret.write_text("bí mật\n")
    secret.chmod(0o600)
    text = config.read_text().replace(NOBODY, "amqp://G22@127.0.0.1:1/")
    config.write_text(text.replace("[broker]\n", f'[broker]\npassword_file = "{secret}"\n'))
    settings = wiring.link_settings(loaded(config))
    assert settings.password == "bí mật"
    assert "bí mật" not in repr(settings)
    secret.chmod(0o644)
    with pytest.raises(BadConfig):
        wiring.link_settings(loaded(config))


@pytest.mark.parametrize(
    ("use", "why"),
    [
        ("adapters.nowhere:Adapter", "cannot be loaded"),
        ("adapters.folder:Nothing", "cannot be loaded"),
        ("pathlib:Path", "is no bus.ports.Adapter"),
        ("math:pi", "is no bus.ports.Adapter"),
    ],
)
def test_an_adapter_that_is_none_is_a_wrong_configuration(use: str, why: str) -> None:
    """Whatever the TOML names: a module, a class, a kind of class."""
    with pytest.raises(BadConfig) as caught:
        wiring.make_adapter(AdapterConfig(use=use), name="G22")
    assert f"{use} {why}" in str(caught.value)


def test_an_adapter_is_made_with_its_options(tmp_path: Path) -> None:
    """Those of the TOML."""
    adapter = wiring.make_adapter(
        AdapterConfig(use="adapters.folder:FolderAdapter", options={"root": str(tmp_path / "dms")}), name="G22"
    )
    assert isinstance(adapter, FolderAdapter)
    assert (tmp_path / "dms" / "outgoing").is_dir()


# -- check -------------------------------------------------------------------------------------------------------------


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
    assert "RabbitMQ cannot be reached: không trả lời trong 0.05 giây (no answer in 0.05 s)." in found


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


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ('mailbox = "G22"', 'mailbox = "X99"', "The directory has no key for X99."),
        (f'url = "{NOBODY}"', 'url = "http://example.vn"', "amqp://"),
        ("keys-G22", "keys-H49", "The directory lacks signing key "),
        ("FolderAdapter", "Nothing", "adapters.folder:Nothing cannot be loaded"),
        ("\nroot", "\nrot", "rot: Extra inputs are not permitted"),
        ("as_of = 2026-11-22", "as_of = 2026-13-22", "no TOML"),
        ("sqlite:///", "sqlite:////nowhere", "the store cannot be made there"),
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
    assert [line for line in lines if not line.startswith("  - ")] == [
        f"{path}: chưa chạy được / not ready" for path in paths
    ]
    assert result.exit_code == 1


# -- the log -----------------------------------------------------------------------------------------------------------


def test_the_log_is_a_json_object_a_line() -> None:
    """With event, level and time in UTC; Vietnamese as it is written, tracebacks inside the line."""
    code = (
        "from bus.cli.adapter import log_as_json; log_as_json(); import structlog; log = structlog.get_logger();"
        "log.info('message.sent', recipient='Sở Nội vụ'); log.debug('not this')\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError as error: log.error('loop.failing', exc_info=error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["event"], first["level"], first["recipient"]) == ("message.sent", "info", "Sở Nội vụ")
    assert first["timestamp"].endswith("Z")
    assert "Sở Nội vụ" in done.stdout
    assert "ZeroDivisionError" in second["exception"]
