"""One document with a very large attachment, from folder to folder: how long, with how much memory, and how long urgent
documents take meanwhile. Two daemons, TLS, a signed directory, every commit durable.
`python -m tests.bench.bench_large [--mib N] [--json] [--broker docker|binary]`
"""

import itertools
import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median

import click

from deploy import country as countries
from deploy.country import Country
from deploy.local_broker import Kind, local_broker
from deploy.papers import Papers
from deploy.people import Desk
from schemas.codes import Priority
from schemas.document import Document
from schemas.edxml import write_pieces
from tests.bench.ground import Ground, ground
from tests.fakes.source import large

MIB = 1024 * 1024
SENDER, RECIPIENT = "G22", "H49"
AS_OF = date(2016, 7, 1)
BETWEEN = 2.0
"""Seconds from one urgent document to the next."""
LONGEST = 3600.0


@contextmanager
def founded(here: Ground, prefer: Kind | None, largest: int) -> Iterator[Country]:
    root = here.fresh_folder()
    country = countries.found(root, mailboxes=[SENDER, RECIPIENT], as_of=AS_OF, largest=largest)
    with local_broker(prefer, tls=countries.tls_of(country), plain=False) as broker:
        countries.connect(country, broker, vhost="large", every=0.2)
        yield country


def measured(country: Country, mib: int) -> dict[str, object]:
    papers = Papers(country.directory(), AS_OF, seed=1)
    small = papers.new(SENDER, [RECIPIENT])
    document = small.model_copy(update={"attachments": (large("Bản vẽ.zip", mib * MIB, content_id="cid:1"),)})
    outgoing, incoming = country.dms(SENDER) / "outgoing", country.dms(RECIPIENT) / "incoming"
    with countries.at_work(country, processes=2) as daemons:
        _until(lambda: outgoing.is_dir() and incoming.is_dir())
        time.sleep(2)
        idle = [_memory(daemon, "VmRSS") for daemon in daemons]
        draft = outgoing / ".large.tmp"
        with draft.open("wb") as file:
            file.writelines(write_pieces(document))
        package = draft.stat().st_size
        load, began = os.getloadavg()[0], time.monotonic()
        draft.rename(outgoing / "large.edxml")
        took, urgent = _filed(country, papers, incoming, package // 2)
        _until(lambda: not list(outgoing.glob("large*")))
        peak = [_memory(daemon, "VmHWM") for daemon in daemons]
    return {
        "mib": mib,
        "seconds": took - began,
        "mib_per_second": mib / (took - began),
        "package_mb": package / 1e6,
        "sender_peak_mb": peak[0],
        "recipient_peak_mb": peak[1],
        "sender_idle_mb": idle[0],
        "recipient_idle_mb": idle[1],
        "urgent": len(urgent),
        "urgent_median_seconds": median(urgent) if urgent else None,
        "urgent_worst_seconds": max(urgent, default=None),
        "load": load,
    }


def _filed(country: Country, papers: Papers, incoming: Path, size: int) -> tuple[float, list[float]]:
    """Returns the time at which the large package was in the recipient's folder, and the seconds that each urgent
    document took until then."""
    desk, took, waiting, known = Desk(SENDER, country.dms(SENDER)), list[float](), dict[int, float](), set[str]()
    deadline, next_at = time.monotonic() + LONGEST, time.monotonic()
    for number in itertools.count(1):
        assert time.monotonic() < deadline, "the large document was not filed"
        if time.monotonic() >= next_at and not waiting:
            desk.drop(_urgent(papers, number))
            waiting[number] = time.monotonic()
            next_at = time.monotonic() + BETWEEN
        for entry in os.scandir(incoming):
            if entry.name.endswith(".edxml") and entry.name not in known:
                known.add(entry.name)
                if entry.stat().st_size > size:
                    return time.monotonic(), took
                took += [time.monotonic() - at for at in waiting.values()]
                waiting.clear()
        time.sleep(0.005)
    raise AssertionError


def _urgent(papers: Papers, number: int) -> Document:
    made = papers.new(SENDER, [RECIPIENT])
    return made.model_copy(update={"priority": Priority.IMMEDIATE, "id": f"{made.id} {number}"})


def _memory(daemon: subprocess.Popen[bytes], of: str) -> float:
    lines = Path(f"/proc/{daemon.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(of))


def _until(fact: object, *, within: float = 60.0) -> None:
    deadline = time.monotonic() + within
    assert callable(fact)
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@click.command()
@click.option("--mib", default=2048, show_default=True, help="Of the attachment.")
@click.option("--broker", "prefer", type=click.Choice(["docker", "binary"]))
@click.option("--folder", type=click.Path(path_type=Path, exists=True), help="On the disk to be measured.")
@click.option("--json", "as_json", is_flag=True)
def main(mib: int, prefer: Kind | None, folder: Path | None, as_json: bool) -> None:
    with ground(prefer, folder=folder) as here, founded(here, prefer, mib * MIB) as country:
        figures = measured(country, mib)
    if as_json:
        click.echo(json.dumps(figures))
        return
    for line in _lines(figures):
        click.echo(line)


def _lines(figures: dict[str, object]) -> Sequence[str]:
    return [f"{name:<24} {value:>12,.2f}" for name, value in figures.items() if isinstance(value, int | float)]


if __name__ == "__main__":
    main()
