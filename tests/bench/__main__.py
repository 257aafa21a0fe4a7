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
from typing import Any

import click

from bus.cli.output import emit_json, json_option
from bus.trust.keys import Algorithm
from deploy.local_broker import Kind
from tests.bench import as2, bench_directory, bench_seal, peers
from tests.bench.bench_country import SIZES, by_size, fan_out, idle
from tests.bench.bench_road import backlog, latency, throughput
from tests.bench.bench_urgent import urgent
from tests.bench.dms import SIZE
from tests.bench.ground import Ground, ground
from tests.bench.machine import describe
from tests.bench.report import PEERS, PLACES, AtLeast, AtMost, Figure, Measured, Run, figures

LATENCY_RATE = 100
AWAITING = frozenset({"faststream-awaited", "pika-awaited", "kombu"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    documents: int = 8_000
    rounds: int = 3
    seconds: int = 15
    waiting: int = 10_000
    before_urgent: int = 2_000
    sizes: int = 1
    """Rounds of the road in countries of several sizes."""
    countries: tuple[tuple[int, int], ...] = (SIZES[0], SIZES[1], SIZES[-1])


QUICK = Plan(documents=2_000, rounds=2, seconds=5, waiting=0, before_urgent=0, countries=SIZES[:2])
LONG = Plan(documents=20_000, seconds=30, waiting=100_000, before_urgent=10_000, sizes=3, countries=SIZES)


@click.command()
@json_option
@click.option("--quick", "plan", flag_value="quick", help="Four minutes or so, and rough.")
@click.option("--long", "plan", flag_value="long", help="Half an hour: longer runs, larger backlogs.")
@click.option("--rounds", type=click.IntRange(min=1), help=f"Of the road and its peers, in turns.  [{Plan().rounds}]")
@click.option("--documents", type=click.IntRange(min=100), help=f"In one run of the road.  [{Plan().documents}]")
@click.option("--seconds", type=click.IntRange(min=0), help=f"At a steady rate; 0 leaves it out.  [{Plan().seconds}]")
@click.option("--waiting", type=click.IntRange(min=0), help=f"The backlog; 0 leaves it out.  [{Plan().waiting}]")
@click.option(
    "--before-urgent",
    type=click.IntRange(min=0),
    help=f"Before an urgent one; 0 leaves it out.  [{Plan().before_urgent}]",
)
@click.option("--sizes", type=click.IntRange(min=0), help=f"Rounds in larger countries.  [{Plan().sizes}]")
@click.option(
    "--broker", "prefer", type=click.Choice(["docker", "binary"]), envvar="LIENTHONG_TEST_BROKER", show_envvar=True,
    help="That kind and no other.  [Docker where it can, else the server installed here]",
)  # fmt: skip
@click.option(
    "--folder", type=click.Path(path_type=Path, exists=True, file_okay=False), help="On the disk to be measured."
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the JSON there, beside the table.")
def main(
    as_json: bool, plan: str | None, prefer: Kind | None, folder: Path | None, out: Path | None, **chosen: int | None
) -> None:
    """How fast, how soon, how much memory: measured on this machine, beside others on the same broker. Prints one table
    in Markdown."""
    named = {"quick": QUICK, "long": LONG}.get(plan or "", Plan())
    asked: Mapping[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    told = replace(named, **asked)
    with ground(prefer, folder=folder) as here:
        machine = describe(here.broker, here.root)
        measured = _measure(here, told)
    found = figures(measured)
    result = {"machine": machine, "plan": asdict(told), "figures": [figure.plain() for figure in found]}
    result["raw"] = asdict(replace(measured, sizes={}))
    if out:
        out.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if as_json:
        emit_json(result)
    else:
        click.echo(_markdown(machine, told, found))


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
            runs.append(_peer(here, peer, plan, size=int(road[-1]["body_bytes"])))
            _progress(f"round {number} of {plan.rounds}: {PEERS[peer]}, {runs[-1]['messages_per_s']:,.0f} /s")
    slow = latency(here, rate=LATENCY_RATE, seconds=plan.seconds) if plan.seconds else None
    if slow:
        _progress(f"latency: median {slow['median_ms']:.0f} ms")
    full = backlog(here, plan.waiting) if plan.waiting else None
    overtaking: dict[str, Run] = {}
    for place in PLACES if plan.before_urgent else ():
        overtaking[place] = urgent(here, place, plan.before_urgent)
        _progress(f"urgent, past what waits in {PLACES[place]}: {overtaking[place]['seconds']:.1f} s")
    return Measured(
        seal=seal,
        road=road,
        peers=beside,
        latency=slow,
        backlog=full,
        urgent=overtaking,
        fan_out=fan_out(here, times=5),
        hosted=idle(here),
        sizes=by_size(here, documents=plan.documents // 2, rounds=plan.sizes, sizes=plan.countries),
        directory=bench_directory.measure(),
    )


def _peer(here: Ground, peer: str, plan: Plan, *, size: int) -> Run:
    load = os.getloadavg()[0]
    if peer == "as2":
        return {"messages_per_s": as2.measure(seconds=5, size=SIZE), "load": load}
    if peer == "as2-http":
        return {"messages_per_s": as2.measure_http(here.fresh_folder(), seconds=5, size=SIZE), "load": load}
    # A peer that waits for each confirm is slow, and a few thousand messages show it.
    count = plan.documents // 4 if peer in AWAITING else plan.documents
    return {"messages_per_s": peers.measure(here, peer, count=count, size=size), "load": load}


def _progress(line: str) -> None:
    click.echo(f"  {line}", err=True)


# -- the table ---------------------------------------------------------------------------------------------------------


def _markdown(machine: Mapping[str, str], plan: Plan, found: Sequence[Figure]) -> str:
    """Returns the table in Markdown, for the README."""
    lines = [f"{_about(machine)}; load before the runs {min(figure.load for figure in found):.1f} at the least, "]
    lines[0] += f"{max(figure.load for figure in found):.1f} at the most"
    lines[0] += "." if plan == Plan() else "; fewer documents than a full run takes, and so rough."
    lines += ["", "| What | Measured | Runs | Wanted |", "|---|---:|---:|---:|"]
    for about, figures_of in groupby(found, key=lambda figure: figure.about):
        lines.append(f"| **{about}** | | | |")
        lines += [f"| {' | '.join(_row(figure))} |" for figure in figures_of]
    return "\n".join(lines)


def _about(machine: Mapping[str, str]) -> str:
    told = ("cpu", "memory", "system", "python", "rabbitmq", "libraries", "disk", "date")
    return "; ".join(f"RabbitMQ {machine[name]}" if name == "rabbitmq" else machine[name] for name in told)


def _row(figure: Figure) -> tuple[str, ...]:
    sign = {AtLeast: "≥ ", AtMost: "≤ "}.get(type(figure.wanted), "")
    missed = "" if figure.met is not False else " **(not met)**"
    wanted = sign + _number(figure.wanted.limit) + missed if figure.wanted else ""
    runs = f"{_number(min(figure.runs))} – {_number(max(figure.runs))}" if len(figure.runs) > 1 else ""
    return figure.name, f"{_number(figure.value)} {figure.unit}", runs, wanted


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


if __name__ == "__main__":
    main()
