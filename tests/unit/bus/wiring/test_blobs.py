"""Where large attachments wait, from a configuration to what is opened; nothing is connected here."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bus.errors import BadConfig, BlobsAway
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link_settings import LinkSettings
from bus.wiring.blobs import blob_findings, open_blobs
from bus.wiring.config import Config, parse

NOBODY = "amqp://H49:geheim@127.0.0.1:1/"
KEYS = 'access_key_id = "us"\nsecret_access_key = "s3cret"\n'
SETTINGS = LinkSettings(mailbox="H49", url=NOBODY)


def config(blobs: str = "") -> Config:
    text = f"""
mailbox = "H49"
keys = "/keys"
store = "sqlite:////tmp/H49.db"
[broker]
plain = true
url = "{NOBODY}"
[adapter]
use = "adapters.folder:FolderAdapter"
[blobs]
{blobs}"""
    return parse(text.encode(), name="H49.toml")


@pytest.fixture
def io() -> Iterator[IoThread]:
    with IoThread() as io:
        yield io


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of credentials; the environment has none."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "s3.toml"
    file.write_text(KEYS)
    file.chmod(0o600)
    return file


@pytest.mark.parametrize(
    ("told", "kinds"),
    [("", {"stream"}), ('bucket = "b01"', {"stream", "s3"}), ('kind = "s3"\nbucket = "b01"', {"stream", "s3"})],
)
def test_what_is_described_is_opened(told: str, kinds: set[str], secrets: Path, io: IoThread) -> None:
    """The broker's streams always; a store beside it, whichever the own ones go to."""
    told += f'\ncredentials_file = "{secrets}"' if "bucket" in told else ""
    opened = open_blobs(config(told), SETTINGS, io=io)
    assert set(opened) == kinds
    assert {blobs.kind for blobs in opened.values()} == kinds
    for blobs in opened.values():
        blobs.close()


def test_credentials_of_the_environment(secrets: Path, io: IoThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no file is named."""
    with pytest.raises(BadConfig, match=r"credentials_file.*access_key_id, secret_access_key"):
        open_blobs(config('bucket = "b01"'), SETTINGS, io=io)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "us")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    assert "s3" in open_blobs(config('bucket = "b01"'), SETTINGS, io=io)


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (KEYS, 0o640, "chmod 600"),
        ('access_key_id = "us"', 0o600, "secret_access_key"),
        ("secret_access_key = 5\naccess_key_id = ''", 0o600, "access_key_id, secret_access_key"),
        ("secret_access_key = s3cret", 0o600, "no TOML"),
    ],
)
def test_credentials_that_are_none(content: str, mode: int, said: str, secrets: Path, io: IoThread) -> None:
    """The file is named and what it lacks, and nothing of what is in it."""
    secrets.write_text(content)
    secrets.chmod(mode)
    with pytest.raises(BadConfig, match=said) as caught:
        open_blobs(config(f'bucket = "b01"\ncredentials_file = "{secrets}"'), SETTINGS, io=io)
    assert str(secrets) in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_an_authority_that_cannot_be_read(secrets: Path, io: IoThread) -> None:
    """At start, not at the first attachment."""
    told = f'bucket = "b01"\ncredentials_file = "{secrets}"\ncafile = "{secrets}.none"'
    with pytest.raises(BadConfig, match="No such file"):
        open_blobs(config(told), SETTINGS, io=io)


def test_without_the_library_it_says_how_to_get_it(
    secrets: Path, io: IoThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has no such store needs no obstore."""
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "bus.blobs.s3", raising=False)
    with suppress(KeyError):
        monkeypatch.delattr("bus.blobs.s3", raising=False)
    assert "stream" in open_blobs(config(), SETTINGS, io=io)
    with pytest.raises(BadConfig, match=r"lienthong\[s3\].*--extra s3"):
        open_blobs(config(f'bucket = "b01"\ncredentials_file = "{secrets}"'), SETTINGS, io=io)


def test_what_stands_in_the_way_is_found(secrets: Path, io: IoThread) -> None:
    """Of each place, in its own words; or of the configuration, before either is asked."""
    told = f'bucket = "b01"\nendpoint = "http://127.0.0.1:1"\nplain = true\ncredentials_file = "{secrets}"'
    found = list(blob_findings(config(told), SETTINGS, io=io))
    assert [type(each) for each in found] == [BlobsAway, BlobsAway]
    assert [each.facts["kind"] for each in found] == ["stream", "s3"]
    secrets.unlink()
    (wrong,) = blob_findings(config(told), SETTINGS, io=io)
    assert isinstance(wrong, BadConfig)
