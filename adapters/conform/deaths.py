"""Three ways to die: before each step, at each write to a server, and at random moments. Each yields after a death, for
the caller to look, continue in a new process, and look again."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from time import monotonic
from typing import Final

from adapters.conform.case import CannotTry, Need
from adapters.conform.processes import Child, End
from adapters.conform.server import Proxy
from adapters.conform.steps import Steps, die_here
from adapters.conform.trial import NotMet

MOST: Final = 240
"""Deaths of one kind in one case: of more steps, the first, the last, one of each name, and others evenly."""

Work = Callable[[], object]


def before_each_step(work: Work, folder: Path) -> Iterator[str]:
    """The first time the work is done to its end, to count its steps. Raises CannotTry where none is seen."""
    names = _steps_of(work, folder)
    chosen = _chosen(names)
    if not chosen:
        raise CannotTry(Need.STEPS)
    yield f"not killed, {len(chosen)} steps"
    before = "the beginning"
    for number in chosen:
        end = _killed_before(number, work, folder)
        at = names[number - 1]
        yield f"SIGKILL {number}/{len(names)}, after {before}, before {at}" if end.was_killed else f"not killed at {at}"
        before = at


def at_random_moments(work: Work, folder: Path, *, random: Random, times: int) -> Iterator[str]:
    began = monotonic()
    _ended_well(Child(lambda _: work(), folder).end())
    took = monotonic() - began
    yield f"not killed, {took * 1000:.0f} ms"
    for number in range(1, times + 1):
        moment = random.uniform(0, took * 1.05)
        child = Child(lambda _: work(), folder)
        child.wait(moment)
        child.kill()
        end = child.end()
        if not end.was_killed:
            _ended_well(end)
        yield f"SIGKILL {number}/{times}, after {moment * 1000:.1f} ms"


def at_each_write(work: Callable[[tuple[str, int]], object], server: tuple[str, int], folder: Path) -> Iterator[str]:
    """The process is killed before a write reaches the server, and, the next time, after the server has answered and
    before the answer has come. `work` is given the address to connect to."""
    with Proxy(server) as proxy:
        yield from _through(proxy, work, folder, is_killed=True)


def with_the_line_cut(
    work: Callable[[tuple[str, int]], object], server: tuple[str, int], folder: Path
) -> Iterator[str]:
    """The same places, and the process lives on without its connections. `work` tries again by itself."""
    with Proxy(server) as proxy:
        yield from _through(proxy, work, folder, is_killed=False)


def _through(
    proxy: Proxy, work: Callable[[tuple[str, int]], object], folder: Path, *, is_killed: bool
) -> Iterator[str]:
    def run() -> Child:
        return Child(lambda _: work(proxy.address), folder)

    child = run()
    writes = proxy.serve(child)
    _ended_well(child.end())
    if not writes:
        raise NotMet("site.through: no byte came by the address given")
    yield f"not killed, {writes} writes"
    word = "SIGKILL" if is_killed else "line cut"
    for number in _chosen(["write"] * writes):
        for answered in (False, True):
            child = run()
            proxy.serve(child, cut_at=number, answered=answered, is_killed=is_killed)
            end = child.end()
            if not end.was_killed:
                _ended_well(end)
            yield f"{word} at write {number}/{writes}, {'after it was answered' if answered else 'before it arrived'}"


def _steps_of(work: Work, folder: Path) -> Sequence[str]:
    """Their names, in order; an empty one for what came to nothing."""
    list_of = folder / "steps"

    def run(_: object) -> None:
        names: list[str] = []
        steps = Steps(lambda _, name: names.append(name))
        steps.watch()
        work()
        steps.end()
        told = ("" if number in steps.failed else name for number, name in enumerate(names, 1))
        list_of.write_text("\n".join(told), encoding="utf-8")

    _ended_well(Child(run, folder).end())
    names = list_of.read_text(encoding="utf-8").split("\n")
    list_of.unlink()
    return names


def _killed_before(number: int, work: Work, folder: Path) -> End:
    def run(_: object) -> None:
        def at(count: int, _: str) -> None:
            if count == number:
                die_here()

        steps = Steps(at)
        steps.watch()
        work()
        steps.end()

    end = Child(run, folder).end()
    if not end.was_killed:
        _ended_well(end)
    return end


def _chosen(names: Sequence[str]) -> Sequence[int]:
    """Numbers of the steps, from 1."""
    numbers = [number for number, name in enumerate(names, 1) if name]
    if len(numbers) <= MOST:
        return numbers
    firsts = {names[number - 1]: number for number in reversed(numbers)}
    evenly = numbers[:: -(-len(numbers) // (MOST // 2))]
    return sorted({*numbers[:1], *numbers[-1:], *list(firsts.values())[: MOST // 2], *evenly})


def _ended_well(end: End) -> None:
    if end.code != 0:
        raise NotMet(f"the work failed by itself: {end.said or end.code}")
