"""The costs of identity: the whole road with TLS 1.3, certificates and a signed directory, against the same road
without, in turns in one run.

    python -m tests.bench.bench_identity [--documents N] [--rounds N] [--json] [--broker docker|binary]
"""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import click

from bus.cli.output import emit_fields, emit_json, json_option
from deploy.local_broker import Kind, local_broker
from deploy.node import TlsFiles
from deploy.offices import Office, open_office
from tests.bench.bench_road import throughput
from tests.bench.ground import Ground
from tests.bench.machine import describe


def _tls(office: Office) -> TlsFiles:
    certificate, key = office.file("broker")
    return TlsFiles(roots=office.vouching_file, certfile=certificate, keyfile=key, revoked=[office.revoked()])


@click.command()
@click.option("--documents", default=10_000, show_default=True, type=click.IntRange(min=100))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(min=1))
@click.option("--broker", "prefer", type=click.Choice(["docker", "binary"]), envvar="LIENTHONG_TEST_BROKER")
@json_option
def main(documents: int, rounds: int, prefer: Kind | None, as_json: bool) -> None:
    """Documents a second with everything on, and with everything off."""
    rates: dict[str, list[float]] = {"guarded": [], "plain": []}
    root = Path(tempfile.mkdtemp(prefix="lienthong-bench-")).resolve()
    try:
        with ExitStack() as stack:
            office = open_office(root / "authority")
            grounds = {
                "plain": Ground(stack.enter_context(local_broker(prefer)), root),
                "guarded": Ground(stack.enter_context(local_broker(prefer, tls=_tls(office), plain=False)), root),
            }
            machine = describe(grounds["plain"].broker, root)
            for number in range(rounds):
                # The first one has a cooler machine: they take turns at being first, too.
                for name in ("plain", "guarded") if number % 2 else ("guarded", "plain"):
                    found = throughput(grounds[name], documents, office=office if name == "guarded" else None)
                    rates[name].append(found["documents_per_s"])
                    click.echo(f"  round {number + 1}: {name} {rates[name][-1]:,.0f} documents/s", err=True)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    ratios = [guarded / plain for guarded, plain in zip(rates["guarded"], rates["plain"], strict=True)]
    result = {name: {"median": median(runs), "runs": runs} for name, runs in rates.items()}
    if as_json:
        emit_json({"machine": machine, "documents": documents, **result, "ratio": median(ratios), "ratios": ratios})
    else:
        figures = {f"{name}, documents/s": f"{median(runs):,.0f}" for name, runs in rates.items()}
        spread = f"{median(ratios):.2f} ({min(ratios):.2f} – {max(ratios):.2f})"
        emit_fields({**machine, **figures, "guarded / plain": spread})


if __name__ == "__main__":
    main()
