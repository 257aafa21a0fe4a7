"""A daemon one version older on the other end, and one whose store the new version takes over."""

import base64
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pytest

from bus.directory.facts import Register
from bus.directory.sources import read
from bus.trust.keys import SealingKey, SigningKey
from bus.trust.statements import SealingStatement
from tests.e2e.site import Daemon, Site, eventually, founded
from tests.faults.broker import Node
from tests.faults.tale import PATIENT, Tale, accepted, health
from tests.identities import papers

pytestmark = PATIENT

WHEEL = next((Path(__file__).parent / "older").glob("lienthong-*.whl"))


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the previous version, unpacked, to import from."""
    folder = tmp_path_factory.mktemp("older")
    with zipfile.ZipFile(WHEEL) as wheel:
        wheel.extractall(folder)
    return folder


@contextmanager
def of_before(older: Path) -> Iterator[None]:
    """Processes that start inside the block run the older version."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(older))
        patch.chdir(older.parent)  # Python imports from the working folder first
        yield


@contextmanager
def older_daemon(older: Path, site: Site, *codes: str) -> Iterator[Daemon]:
    with of_before(older):
        at_work = site.at_work(*codes, token=False)
        (daemon,) = at_work.__enter__()
    try:
        yield daemon
    finally:
        at_work.__exit__(None, None, None)


def test_it_is_another_version(older: Path) -> None:
    """The stories below would prove nothing if both ends ran the same code."""
    command = [sys.executable, "-m", "bus.cli", "--version"]
    with of_before(older):
        said = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ)).stdout
    assert said.split()[-1] == WHEEL.name.split("-")[1]
    assert said.split()[-1] != version("lienthong")


READS = """
import sys
from bus.register import Register

book = Register.parse(sys.stdin.buffer.read()).book()
listed = book.mailboxes["G22"]
print(sorted(book.mailboxes), sorted(book.keys), hasattr(listed, "largest"), listed.versions)
"""


def test_it_reads_a_directory_that_says_who_takes_large_files(older: Path) -> None:
    """The older version reads today's edition: new names stand where it skips unknown ones."""
    listed = '[[agency]]\ncode = "G22"\nnames = [{ vi = "VP" }]\n[[mailbox]]\ncode = "G22"\nlargest = 5_000_000_000\n'
    listed += 'signatures = ["p256", "ml-dsa-65"]\nversions = [1, 2]\n'
    listed += "under_way = { messages = 500 }\n"
    register = Register.of(
        read({"a.toml": f'{listed}[[keys]]\nmailbox = "G22"\ncertificates = ["AQ=="]\nsealing = ["Ag=="]\n'})
    )
    assert register.book().mailboxes["G22"].largest == 5_000_000_000
    assert register.book().mailboxes["G22"].under_way.messages == 500
    command = [sys.executable, "-c", READS]
    with of_before(older):
        said = subprocess.run(command, input=register.content(), capture_output=True, check=True, env=dict(os.environ))
    assert said.stdout.decode().strip() == "['G22'] ['G22'] False (1, 2)"


READS_STATEMENT = """
import sys
from bus.statement import SealingStatement

said = SealingStatement.from_bytes(sys.stdin.buffer.read())
print(said.mailbox, said.since.year, hasattr(said, "serial"))
"""


def test_it_reads_a_statement_with_a_serial(older: Path) -> None:
    """The older version passes over names that it does not know in the text of a statement."""
    office, signer = papers(), SigningKey.generate()
    stated = office.statement("H49", SealingKey.generate(), signer)
    numbered = SealingStatement.sign(
        stated.key, mailbox="H49", since=stated.since, until=stated.until, signer=signer, serial=2**52, withdraws=7
    )
    command = [sys.executable, "-c", READS_STATEMENT]
    with of_before(older):
        said = subprocess.run(command, input=numbered.encoded, capture_output=True, check=True, env=dict(os.environ))
    assert said.stdout.decode().strip() == "H49 2016 False"


@pytest.fixture
def mixed(node: Node, tmp_path: Path) -> Iterator[Site]:
    """Yields a country whose first mailbox reads messages of version 1 only, as its directory says."""
    with founded(tmp_path / "country", node.world, mailboxes=3, older=1) as site:
        yield site


REFUSES = """
import sys
from bus.envelope import parse
from bus.errors import BadMessage

try:
    print(parse(sys.stdin.buffer.read()).docket.document.id)
except BadMessage as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("vector", "said"),
    [("opens-document", "H49,2026/11/22,7816/UBND-VP"), ("opens-2-document", "version 1")],
)
def test_it_reads_version_1_and_says_so(older: Path, vector: str, said: str) -> None:
    """A message of version 2 is none to the older version, which is why it gets none; one of version 1 is as ever."""
    written = Path(__file__).parents[1] / "vectors" / f"{vector}.json"
    body = base64.b64decode(json.loads(written.read_text(encoding="utf-8"))["body"])
    with of_before(older):
        command = [sys.executable, "-c", REFUSES]
        found = subprocess.run(command, input=body, capture_output=True, check=True, env=dict(os.environ))
    assert said in found.stdout.decode()


def test_on_the_other_end(older: Path, mixed: Site) -> None:
    """Documents, receipts and statuses pass both ways between the two versions, and what goes to the older one, alone
    or with others, is of version 1; those who read version 2 get it. In a country of its own: the older version cannot
    open a store that the new one has migrated."""
    tale = Tale(mixed)
    before, today, third = mixed.country.mailboxes
    with older_daemon(older, mixed, before) as old, mixed.at_work(today, third) as (new,):
        tale.send(before, today, count=3)
        sent = {to: tale.send(today, *to, count=3) for to in ((before,), (third,), (before, third))}
        tale.ends_well(old, new, in_order=True)
    dockets = [row["docket"] for row in mixed.json("outbox", "list", "--limit", "1000", code=today)]
    told = {docket["document"]["id"]: docket for docket in dockets if docket["kind"] == "document"}
    for to, documents in sent.items():
        for document in documents:
            docket = told[document.id]
            number = {"number": document.number.number, "notation": document.number.notation}
            assert docket["version"] == (1 if before in to else 2), to
            assert docket.get("number") == (None if before in to else number), to


def test_upgraded_in_the_middle_of_traffic(older: Path, mixed: Site) -> None:
    """Of the documents that the older version accepted, some are published, some wait in its outbox, some in its inbox.
    The new version takes the store over as it is, and goes on from there."""
    tale = Tale(mixed)
    mailbox, other, _ = mixed.country.mailboxes
    dms = mixed.country.dms(mailbox)
    with mixed.at_work(other) as (there,):
        with older_daemon(older, mixed, mailbox) as old:
            tale.send(mailbox, other, count=5)
            tale.ends_well(old, there)
            dms.rename(dms.with_name("gone"))
            tale.send(other, mailbox, count=5)
            eventually(lambda: health(old)["inbox"].get("waiting", 0) >= 5)
            dms.with_name("gone").rename(dms)
            mixed.forwarder.cut()
            tale.send(mailbox, other, count=10)
            eventually(lambda: accepted(mixed, mailbox))
            assert health(old)["outbox"]["waiting"] >= 10
        mixed.forwarder.mend()
        with mixed.at_work(mailbox) as (new,):
            tale.ends_well(new, there)
    assert mixed.command("store", "check", code=mailbox).exit_code == 0
