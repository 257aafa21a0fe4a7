"""The costs of a larger country: one document to 63 recipients, the memory of idle mailboxes, and the rate of the
road while mailboxes and units grow. `python -m tests.bench.bench_country [--json] [--quick]`"""

import os
import time
from collections.abc import Sequence
from statistics import median

import click

from bus.cli.output import emit_fields, emit_json, json_option
from bus.handling.transport import OutboxState
from bus.ports.records import Box
from deploy.local_broker import Kind
from tests.bench.bench_road import throughput
from tests.bench.ground import Ground, ground
from tests.bench.pair import SENDER, pair

RECIPIENTS = 63
HOSTED = (1, 32, 63)
SIZES = ((2, 0), (63, 0), (1_000, 0), (1_000, 125_000))
"""(mailboxes, units besides)."""


def fan_out(ground: Ground, *, times: int) -> dict[str, float]:
    """Measures one document to 63 mailboxes that one process hosts, each with its own store: seconds from its
    acceptance until all have filed it, which comes after their commit, and until the sender has the last receipt."""
    with pair(ground, count=times, mailboxes=1 + RECIPIENTS) as land:
        hosted = [code for code in land.land.mailboxes if code != SENDER]
        for code in hosted:
            land.use(code, every=1.0)  # the default: 63 mailboxes that poll 200 times a second do nothing else
        land.use(SENDER, sender=SENDER, recipient=" ".join(hosted), count=times, rate=0.5, gate=land.gate)
        land.host("hosted", hosted)
        land.start(SENDER)
        load = os.getloadavg()[0]
        land.open_gate()
        receipted = [land.wait(SENDER, Box.OUT, number, OutboxState.DONE, every=0.02) for number in range(1, times + 1)]
        filed = [land.wait_for(code, "filed", *map(str, range(times))) for code in hosted]
        accepted = land.times(SENDER, "accepted")
        waits = [max(each[ref] for each in filed) - accepted[ref] for ref in map(str, range(times))]
        answers = [at - accepted[str(number)] for number, at in enumerate(receipted)]
        return {"recipients": RECIPIENTS, "filed_s": median(waits), "receipted_s": median(answers), "load": load}


def idle(ground: Ground) -> dict[str, float]:
    """Measures resident megabytes of a process that hosts idle mailboxes, by their number, and of each further one."""
    with pair(ground, count=1, mailboxes=max(HOSTED)) as land:
        found: dict[str, float] = {"load": os.getloadavg()[0]}
        for count in HOSTED:
            name = f"hosts-{count}"
            land.host(name, land.land.mailboxes[:count], settle=5.0)
            found[f"mb_{count}"] = land.memory(name)
            used, began = land.cpu(name), time.monotonic()
            time.sleep(3.0)
            found["each_cpu_ms"] = (land.cpu(name) - used) / (time.monotonic() - began) / count * 1000
            land.stop(name)
        found["each_mb"] = (found[f"mb_{HOSTED[-1]}"] - found[f"mb_{HOSTED[0]}"]) / (HOSTED[-1] - HOSTED[0])
        return found


def by_size(
    ground: Ground, *, documents: int, rounds: int, sizes: Sequence[tuple[int, int]] = SIZES
) -> dict[tuple[int, int], list[dict[str, float]]]:
    """Measures the road in countries of several sizes, in turns: a drift of the machine affects all of them."""
    runs: dict[tuple[int, int], list[dict[str, float]]] = {}
    for _ in range(rounds):
        for mailboxes, units in sizes:
            found = throughput(ground, documents, mailboxes=mailboxes, units=units)
            runs.setdefault((mailboxes, units), []).append(found)
            click.echo(f"  {mailboxes} mailboxes, {units} units: {found['documents_per_s']:,.0f} /s", err=True)
    return runs


@click.command()
@click.option("--documents", default=5_000, show_default=True, type=click.IntRange(min=100))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(min=0))
@click.option("--broker", "prefer", type=click.Choice(["docker", "binary"]), envvar="LIENTHONG_TEST_BROKER")
@json_option
def main(documents: int, rounds: int, prefer: Kind | None, as_json: bool) -> None:
    """Fan-out, idle memory, and the rate in countries of several sizes."""
    with ground(prefer) as here:
        found: dict[str, object] = {"fan_out": fan_out(here, times=5), "idle": idle(here)}
        sizes = by_size(here, documents=documents, rounds=rounds)
        found["by_size"] = {f"{size}": [run["documents_per_s"] for run in runs] for size, runs in sizes.items()}
    if as_json:
        emit_json(found)
    else:
        emit_fields({name: str(value) for name, value in found.items()})


if __name__ == "__main__":
    main()
