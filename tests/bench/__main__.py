"""Every benchmark that matters, one command: `tests/bench/run [--json] [--quick]`, or `python -m tests.bench`.

Takes no other process's word for anything: broker, daemons and peers are started here, one after the other, and gone
afterwards. Fails only where something does not work; how fast it is, it says.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Literal

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bus.cli.output import emit_json, json_option
from bus.keys import Algorithm
from deploy.local_broker import Kind
from tests.bench import bench_seal, peers
from tests.bench.bench_road import backlog, latency, throughput
from tests.bench.bench_urgent import urgent
from tests.bench.ground import Ground, ground
from tests.bench.machine import describe
from tests.bench.report import PEERS, PLACES, AtLeast, AtMost, Figure, Measured, Run, figures

LATENCY_RATE = 100
WIDTH = 120
COLUMNS: Sequence[tuple[int, Literal["left", "right"]]] = (
    (56, "left"),  # what
    (7, "right"),  # measured
    (12, "left"),  # of what
    (7, "right"),  # wanted
    (3, "left"),  # met
    (15, "right"),  # lowest and highest run
    (8, "right"),  # load
)
FOOT = """
Measured is the median of the runs, then what is wanted and whether it is met, then the lowest and the highest run.
Load is the machine's in the minute before, the most of all runs; our own earlier runs are in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    documents: int = 20_000
    rounds: int = 3
    seconds: int = 30
    waiting: int = 100_000
    before_urgent: int = 10_000


QUICK = Plan(documents=2_000, rounds=1, seconds=5, waiting=10_000, before_urgent=2_000)


@click.command()
@json_option
@click.option("--quick", is_flag=True, help="A minute or two, and rough: fewer documents, one round.")
@click.option("--rounds", type=click.IntRange(min=1), help=f"Of the road and its peers, in turns.  [{Plan().rounds}]")
@click.option("--documents", type=click.IntRange(min=100), help=f"In one run of the road.  [{Plan().documents}]")
@click.option("--seconds", type=click.IntRange(min=0), help=f"At a steady rate; 0 leaves it out.  [{Plan().seconds}]")
@click.option("--waiting", type=click.IntRange(min=0), help=f"The backlog; 0 leaves it out.  [{Plan().waiting}]")
@click.option(
    "--before-urgent",
    type=click.IntRange(min=0),
    help=f"Before an urgent one; 0 leaves it out.  [{Plan().before_urgent}]",
)
@click.option(
    "--broker", "prefer", type=click.Choice(["docker", "binary"]), envvar="LIENTHONG_TEST_BROKER", show_envvar=True,
    help="That kind and no other.  [Docker where it can, else the server installed here]",
)  # fmt: skip
@click.option(
    "--folder", type=click.Path(path_type=Path, exists=True, file_okay=False), help="On the disk to be measured."
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the JSON there, beside the table.")
def main(
    as_json: bool, quick: bool, prefer: Kind | None, folder: Path | None, out: Path | None, **chosen: int | None
) -> None:
    """How fast, how soon, how much memory: measured on this machine, beside pika and FastStream on the same broker."""
    plan = QUICK if quick else Plan()
    plan = replace(plan, **{name: value for name, value in chosen.items() if value is not None})
    with ground(prefer, folder=folder) as here:
        machine = describe(here.broker, here.root)
        measured = _measure(here, plan)
    found = figures(measured)
    result = {"machine": machine, "plan": asdict(plan), "figures": [figure.plain() for figure in found]}
    result["raw"] = asdict(measured)
    if out:
        out.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if as_json:
        emit_json(result)
    else:
        _show(machine, plan, found)


def _measure(here: Ground, plan: Plan) -> Measured:
    _progress("seal and open one document")
    seal = {
        "load": os.getloadavg()[0],
        **{
            k: float(str(v))
            for k, v in bench_seal.measure(Algorithm.P256, 4096, 1, seconds=2).items()
            if k[-3:] == "_us"
        },
    }
    road: list[Run] = []
    beside: dict[str, list[Run]] = {peer: [] for peer in PEERS}
    for number in range(1, plan.rounds + 1):
        road.append(throughput(here, plan.documents))
        _progress(f"round {number} of {plan.rounds}: the road, {road[-1]['documents_per_s']:,.0f} documents/s")
        for peer, runs in beside.items():
            # One that waits for each confirm is slow, and as slow after a few thousand as after many.
            count = plan.documents // 4 if peer == "faststream-awaited" else plan.documents
            load = os.getloadavg()[0]
            rate = peers.measure(here, peer, count=count, size=int(road[-1]["body_bytes"]))
            runs.append({"messages_per_s": rate, "load": load})
            _progress(f"round {number} of {plan.rounds}: {PEERS[peer]}, {rate:,.0f} messages/s")
    slow = latency(here, rate=LATENCY_RATE, seconds=plan.seconds) if plan.seconds else None
    if slow:
        _progress(f"latency: median {slow['median_ms']:.0f} ms")
    full = backlog(here, plan.waiting) if plan.waiting else None
    overtaking: dict[str, Run] = {}
    for place in PLACES if plan.before_urgent else ():
        overtaking[place] = urgent(here, place, plan.before_urgent)
        _progress(f"urgent, past what waits in {PLACES[place]}: {overtaking[place]['seconds']:.1f} s")
    return Measured(seal=seal, road=road, peers=beside, latency=slow, backlog=full, urgent=overtaking)


def _progress(line: str) -> None:
    click.echo(f"  {line}", err=True)


# -- the table ---------------------------------------------------------------------------------------------------------


def _show(machine: Mapping[str, str], plan: Plan, found: Sequence[Figure]) -> None:
    console = Console(width=WIDTH, emoji=False, highlight=False)
    for name, value in machine.items():
        console.print(f"[dim]{name:<10}[/dim] {escape(value)}")
    if plan.documents < Plan().documents:
        console.print("\nFewer documents than a full run takes: these figures are rough.")
    for about, figures_of in groupby(found, key=lambda figure: figure.about):
        console.print(f"\n[bold]{escape(about)}[/bold]")
        table = Table(box=None, padding=(0, 1), pad_edge=False, show_header=False)
        for width, justify in COLUMNS:
            table.add_column(width=width, justify=justify, no_wrap=True)
        for figure in figures_of:
            table.add_row(*_row(figure))
        console.print(table)
    console.print(FOOT, style="dim")


def _row(figure: Figure) -> tuple[str, ...]:
    sign = {AtLeast: "≥ ", AtMost: "≤ "}.get(type(figure.wanted), "")
    wanted = sign + _number(figure.wanted.limit) if figure.wanted else ""
    met = {True: "[green]yes[/green]", False: "[red]no[/red]", None: ""}[figure.met]
    runs = f"{_number(min(figure.runs))} – {_number(max(figure.runs))}" if len(figure.runs) > 1 else ""
    name, measured, unit = f"  {escape(figure.name)}", _number(figure.value), figure.unit
    return name, measured, unit, wanted, met, runs, f"load {figure.load:.1f}"


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


if __name__ == "__main__":
    main()
