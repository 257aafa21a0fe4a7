"""deploy/papers.py: packages to try the road with, and the samples that lie in deploy/samples."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bus.files.directory import default_folder, load
from deploy.papers import SAMPLE_DAY, main, samples
from schemas.codes import BusinessType, StatusCode
from schemas.document import Document
from schemas.edxml import read
from schemas.status import Status

SAMPLES = Path(__file__).parents[3] / "deploy" / "samples"


@pytest.fixture
def papers(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., bytes]:
    """What the command prints for some arguments."""

    def run(*arguments: object) -> bytes:
        main(list(map(str, arguments)))
        sys.stdout.flush()
        return capfdbinary.readouterr().out

    return run


@pytest.fixture
def package(tmp_path: Path, papers: Callable[..., bytes]) -> Path:
    file = tmp_path / "thu.edxml"
    file.write_bytes(papers("H49", "G22", "H53"))
    return file


def test_a_package_to_try_with(package: Path) -> None:
    """From and to whom one says, with an attachment, as a document system would write it."""
    item = read(package.read_bytes()).item
    assert isinstance(item, Document)
    assert (item.sender.code, [party.code for party in item.recipients]) == ("H49", ["G22", "H53"])
    assert item.attachments[0].content.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("arguments", "sender", "to"),
    [
        *[((code.value,), "G22", "H49") for code in StatusCode if code is not StatusCode.TAKE_BACK],
        (("03", "--agency", "H53"), "H53", "H49"),
        (("13",), "H49", "G22"),
        (("take-back", "--agency", "H53"), "H49", "H53"),
    ],
)
def test_a_status_of_a_package(
    papers: Callable[..., bytes], package: Path, arguments: tuple[str, ...], sender: str, to: str
) -> None:
    """From who handles the document to who sent it; a take-back goes the other way. Each says why."""
    status = read(papers(arguments[0], package, *arguments[1:])).item
    document = read(package.read_bytes()).item
    assert isinstance(status, Status)
    assert isinstance(document, Document)
    assert (status.sender.code, status.concerns.agency, status.concerns.document_id) == (sender, to, document.id)
    assert status.description


@pytest.mark.parametrize(
    ("what", "kind"),
    [("revoke", BusinessType.REVOKE), ("update", BusinessType.UPDATE), ("replace", BusinessType.REPLACE)],
)
def test_a_change_of_a_package(papers: Callable[..., bytes], package: Path, what: str, kind: BusinessType) -> None:
    """Names the document that it changes, and goes to the same recipients."""
    change = read(papers(what, package)).item
    document = read(package.read_bytes()).item
    assert isinstance(change, Document)
    assert isinstance(document, Document)
    named = change.business.document_id or change.business.replaced[0].document_id
    assert (change.business.type, named) == (kind, document.id)
    assert [party.code for party in change.recipients] == ["G22", "H53"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("03", "{folder}/none.edxml"), "No such file"),
        (("03", "{folder}/status.edxml"), "is a status"),
        (("03", "{folder}/thu.edxml", "--agency", "G14"), "G14 is no recipient"),
        (("H49",), "SENDER RECIPIENT"),
        ((), "SENDER RECIPIENT"),
    ],
)
def test_what_is_wrong_is_said(
    papers: Callable[..., bytes],
    package: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    """In the way of every command: on standard error, exit code 2."""
    (package.parent / "status.edxml").write_bytes(papers("03", package))
    with pytest.raises(SystemExit, match="2"):
        main([each.format(folder=package.parent) for each in arguments])
    assert said in capfdbinary.readouterr().err.decode()


def test_it_is_a_command() -> None:
    """As the pages give it."""
    done = subprocess.run([sys.executable, "-m", "deploy.papers", "H49", "G22"], check=True, capture_output=True)
    assert isinstance(read(done.stdout).item, Document)


def test_the_samples_are_what_is_generated() -> None:
    """Byte for byte; else: python -m deploy.papers --samples deploy/samples."""
    made = samples(load(default_folder(), on=SAMPLE_DAY))
    assert {file.name: file.read_bytes() for file in SAMPLES.glob("*.edxml")} == made


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.edxml")), ids=lambda file: file.stem)
def test_each_sample_is_well_formed(file: Path) -> None:
    """Read with no departure from the standard but the signature, which is optional; the folder's page names it."""
    package = read(file.read_bytes())
    assert {departure.rule for departure in package.report} <= {"signature-absent"}
    assert f"`{file.name}`" in (SAMPLES / "README.md").read_text(encoding="utf-8")
