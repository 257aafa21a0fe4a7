"""The wiring of a daemon: which files are meant, and what stands behind the ports."""

import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import structlog

from bus.daemon.mailbox import MailboxDaemon
from bus.errors import AlreadyRunning, BadConfig
from bus.files.private import create_private
from bus.store.open import open_store
from bus.wiring.daemon import files, listening, operators_token, require_utf8, warn, wired
from tests.unit.bus.wiring.configs import config_of, loaded, written


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Of a mailbox that lacks nothing but a broker."""
    return written(tmp_path, "G22")


def test_a_folder_means_the_toml_files_in_it(tmp_path: Path) -> None:
    """Sorted; a file means itself, in the order given."""
    for name in ("b.toml", "a.toml", "notes.txt"):
        (tmp_path / name).touch()
    other = tmp_path / "notes.txt"
    assert files([other, tmp_path]) == [other, tmp_path / "a.toml", tmp_path / "b.toml"]


def test_a_configuration_becomes_a_daemon(config: Path) -> None:
    """Its mailbox, its directory as of its day, its document system; not started, and closed by whoever has it."""
    with wired([loaded(config)]) as hosted:
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
    with pytest.raises(BadConfig), wired([loaded(config), loaded(wrong)]):
        pytest.fail("it began")
    for path in (config, wrong):
        open_store(loaded(path).store, owner=loaded(path).mailbox).close()


@pytest.mark.parametrize(
    ("listens", "address"),
    [
        ([None], None),
        ([None, "127.0.0.1:9301"], ("127.0.0.1", 9301)),
        (["127.0.0.1:9301", "127.0.0.1:9301", None], ("127.0.0.1", 9301)),
        (["[::1]:80"], ("::1", 80)),
    ],
)
def test_one_address_for_all(listens: list[str | None], address: tuple[str, int] | None) -> None:
    """The one that some of them name, or none."""
    assert listening([config_of(listen=listen) for listen in listens]) == address


def test_two_addresses_are_refused() -> None:
    """Both are named, with whose they are: the second would have been ignored, and nobody would answer there."""
    loaded = [config_of("H49", listen="127.0.0.1:1"), config_of("G22"), config_of("H08", listen="127.0.0.1:2")]
    with pytest.raises(BadConfig, match=r"H49 127\.0\.0\.1:1, H08 127\.0\.0\.1:2"):
        listening(loaded)


LOCAL = "127.0.0.1:9301"


def test_the_operators_token_is_the_first_line_of_a_private_file(tmp_path: Path) -> None:
    """One for the process, whichever mailboxes name it; none where none does."""
    file = tmp_path / "token"
    create_private(file, b"0123456789abcdef\nsecond line\n")
    named = config_of(listen=LOCAL, token_file=file)
    assert operators_token([config_of(listen=LOCAL), named, named]) == "0123456789abcdef"
    assert operators_token([config_of(), config_of(listen=LOCAL)]) is None


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [
        ("short\n", 0o600, "at least 16 characters"),
        ("\n", 0o600, "its first line is empty"),
        ("0123456789abcdef\n", 0o640, "others may read it"),
    ],
)
def test_a_token_that_protects_nothing_is_refused(tmp_path: Path, text: str, mode: int, why: str) -> None:
    """Guessed, empty, or everybody's."""
    file = tmp_path / "token"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(BadConfig, match=why):
        operators_token([config_of(listen=LOCAL, token_file=file)])


def test_two_tokens_are_refused(tmp_path: Path) -> None:
    """A process has one port, and one token for it."""
    files = [config_of(code, listen=LOCAL, token_file=tmp_path / code) for code in ("H49", "H08")]
    with pytest.raises(BadConfig, match="H49, H08"):
        operators_token(files)


def test_a_port_for_other_machines_is_logged() -> None:
    """As a warning at each start, with the address; the loopback is not worth a line."""
    with structlog.testing.capture_logs() as log:
        warn([config_of(listen="0.0.0.0:9301"), config_of(listen=LOCAL), config_of()])
    said = [(each["log_level"], each["listen"]) for each in log if each["event"] == "http.beyond-loopback"]
    assert said == [("warning", "0.0.0.0:9301")]


@pytest.mark.parametrize(
    ("encoding", "well"), [("utf-8", True), ("UTF8", True), ("iso8859-1", False), ("ascii", False)]
)
def test_a_locale_that_cannot_write_vietnamese_is_said(encoding: str, well: bool) -> None:
    """At start, with what to set: not at the first document."""
    with nullcontext() if well else pytest.raises(BadConfig, match=f"encoding is {encoding}.*LANG=C.UTF-8"):
        require_utf8(encoding)


def test_a_daemon_says_it_at_start(config: Path) -> None:
    """Two sentences and exit code 1, on a terminal that cannot show them all; no traceback."""
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "bus.cli", "adapter", "run", str(config)]
    done = subprocess.run(command, env=os.environ | locale, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the locale's encoding is ascii" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_tells_whether_what_all_share_is_alive(config: Path) -> None:
    """The one thread that speaks AMQP."""
    with wired([loaded(config)]) as hosted:
        (io,) = hosted.threads.values()
        assert io()
        hosted.daemons[0].close()
    assert not io()
