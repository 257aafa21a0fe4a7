"""Fuzzes every reader of strangers' bytes for some seconds, guided by coverage, a process each, as many at a time as
there are processors. A line a reader; what makes one fail is kept in tests/fuzz/found, where a test replays it."""

import argparse
import io
import multiprocessing
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("atheris is not there: it has wheels for Linux on x86-64, CPython up to 3.13")

with (
    redirect_stderr(io.StringIO()),  # it names every module
    atheris.instrument_imports(include=["schemas", "bus", "adapters"], enable_loader_override=False),
):
    from tests.fuzz.readers import Reader, readers

HERE = Path(__file__).parent
CORPUS, FOUND = HERE / "corpus", HERE / "found"
LONGEST = 64 * 1024
"""Bytes of an input."""
SLOW = 60
"""Seconds for one input, on a machine that does other things too; test_readers.py counts those of the processor."""
MEMORY = 2048
"""MiB."""


def follow(reader: Reader, arguments: Sequence[str], said: Path) -> None:
    """Ends the process, as libFuzzer does."""
    with said.open("wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)

    def tried(data: bytes) -> None:
        try:
            reader.read(data)
        except reader.says:
            return

    atheris.Setup([reader.name, *arguments], tried)
    atheris.Fuzz()


@dataclass
class Run:
    """Of one reader, in a process of its own: forked, since the instrumented imports take seconds."""

    reader: Reader
    said: Path
    seconds: int

    def __post_init__(self) -> None:
        corpus = CORPUS / self.reader.name
        self.found = FOUND / self.reader.name
        for folder in (corpus, self.found):
            folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(self.reader.seeds):
            (corpus / f"seed-{number}").write_bytes(seed)
        self.before, self.began = set(self.found.iterdir()), time.monotonic()
        limits = [f"-max_total_time={self.seconds}", f"-max_len={LONGEST}", f"-timeout={SLOW}"]
        limits += [f"-rss_limit_mb={MEMORY}", "-len_control=0", "-print_final_stats=1"]
        arguments = [*limits, f"-artifact_prefix={self.found}/", str(corpus), str(self.found)]
        self.process = ForkProcess(target=follow, args=(self.reader, arguments, self.said))
        self.process.start()

    def line(self) -> str:
        """Once it has ended."""
        said = self.said.read_text(encoding="utf-8", errors="replace")
        new = [str(path.relative_to(HERE)) for path in sorted(set(self.found.iterdir()) - self.before)]
        if not any(self.found.iterdir()):
            self.found.rmdir()
        inputs, branches = _last(r"stat::number_of_executed_units: (\d+)", said), _last(r"\bcov: (\d+)", said)
        verdict = "ok" if self.process.exitcode == 0 else f"{_why(said)}; kept: {', '.join(new) or 'nothing'}"
        took = time.monotonic() - self.began
        return f"{self.reader.name:20} {inputs:>9} inputs {branches:>6} branches {took:5.0f} s  {verdict}"


def _last(pattern: str, said: str) -> str:
    return str((re.findall(pattern, said) or ["?"])[-1])


def _why(said: str) -> str:
    """Of a run that failed: the exception, or libFuzzer's word; else the last line."""
    found = re.search(r"Uncaught Python exception: ===\n(.+)", said) or re.search(r"ERROR: libFuzzer: (.+)", said)
    return found[1].strip() if found else (said.strip().splitlines() or ["it said nothing"])[-1]


def runs(chosen: Sequence[Reader], *, seconds: int, folder: Path) -> Iterator[Run]:
    """Each as it ends."""
    waiting, under_way = list(chosen), dict[int, Run]()
    while waiting or under_way:
        while waiting and len(under_way) < (os.cpu_count() or 1):
            reader = waiting.pop(0)
            run = Run(reader, folder / reader.name, seconds)
            under_way[run.process.sentinel] = run
        for sentinel in wait(list(under_way)):
            assert isinstance(sentinel, int)
            run = under_way.pop(sentinel)
            run.process.join()
            yield run


def main() -> int:
    known = {reader.name: reader for reader in readers()}
    parser = argparse.ArgumentParser(prog="tests/fuzz/run", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each reader (60)")
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"of: {', '.join(known)}")
    told = parser.parse_args()
    if unknown := [name for name in told.readers if name not in known]:
        parser.error(f"there is no reader {', '.join(unknown)}")
    chosen = [known[name] for name in told.readers or known]
    is_sound = True
    with tempfile.TemporaryDirectory() as folder:
        for run in runs(chosen, seconds=told.seconds, folder=Path(folder)):
            print(run.line(), flush=True)  # noqa: T201 — a report to a person
            is_sound &= run.process.exitcode == 0
    return 0 if is_sound else 1


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    sys.exit(main())
