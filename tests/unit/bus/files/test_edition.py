"""The signed directory and its roots as files."""

from datetime import timedelta
from pathlib import Path

import pytest

from bus.directory.edition import sign
from bus.directory.facts import Register
from bus.directory.sources import read
from bus.errors import BadConfig, BadEdition, BusError
from bus.files.edition import load_directory, load_edition, load_roots, save_edition
from tests.identities import BEGIN, Papers, papers
from tests.scenarios.country import AGENCIES

NOW = BEGIN + timedelta(days=100)


@pytest.fixture(scope="module")
def office() -> Papers:
    return papers()


@pytest.fixture
def folder(office: Papers, tmp_path: Path) -> Path:
    """An edition, and the roots that vouch for it."""
    signer, chain = office.directory_signer()
    register = Register.of(read({"a.toml": AGENCIES}), issuers=[office.issuer.certificate.der])
    encoded = sign(register, version=7, issued_at=NOW, expires_at=NOW + timedelta(days=60), signer=signer, chain=chain)
    save_edition(tmp_path / "edition", encoded)
    (tmp_path / "root.pem").write_bytes(office.root.certificate.to_pem())
    (tmp_path / "empty.pem").write_bytes(b"")
    (tmp_path / "foreign.pem").write_bytes(Papers().root.certificate.to_pem())
    return tmp_path


def test_an_edition_comes_back_as_it_was_kept(office: Papers, folder: Path) -> None:
    """And none where there is no file: it is fetched then."""
    found = load_edition(folder / "edition", roots=load_roots(folder / "root.pem"), now=NOW)
    assert found is not None
    assert found.header.version == 7
    assert load_edition(folder / "gone", roots=office.roots, now=NOW) is None


@pytest.mark.parametrize(
    ("edition", "roots", "error"),
    [
        ("edition", "foreign.pem", BadEdition),
        ("root.pem", "root.pem", BadEdition),
        (".", "root.pem", BadConfig),
        ("edition", "empty.pem", BadConfig),
        ("edition", "gone.pem", BadConfig),
    ],
)
def test_what_cannot_be_read_is_said(folder: Path, edition: str, roots: str, error: type[BusError]) -> None:
    """Forged, of another kind, a folder, or roots that are none."""
    with pytest.raises(error):
        load_edition(folder / edition, roots=load_roots(folder / roots), now=NOW)


def test_commands_take_a_folder_or_an_edition(folder: Path) -> None:
    """Of an edition somebody must say who may have signed it."""
    sources = folder / "sources"
    sources.mkdir()
    (sources / "a.toml").write_text(AGENCIES, encoding="utf-8")
    unsigned = load_directory(sources, on=NOW.date(), roots=None, now=NOW)
    signed = load_directory(folder / "edition", on=NOW.date(), roots=folder / "root.pem", now=NOW)
    assert unsigned.edition is None
    assert signed.edition is not None
    assert {each.code for each in unsigned.directory.mailboxes} == {each.code for each in signed.directory.mailboxes}
    with pytest.raises(BadConfig, match="--root"):
        load_directory(folder / "edition", on=NOW.date(), roots=None, now=NOW)
    with pytest.raises(BadConfig, match="no such file"):
        load_directory(folder / "gone", on=NOW.date(), roots=folder / "root.pem", now=NOW)
