"""Lines of bus/ drawn at random, to be shown to a reader who knows only bus/README.md.

    python -m tests.house.draw_lines --seed 7             28 lines, without their files
    python -m tests.house.draw_lines --seed 7 --answers   the same with the room and the file of each

Who guesses the room of 26 of them has a page that tells where things are.
"""

import argparse
import ast
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.house.page import BUS

LINES = 28


@dataclass(frozen=True)
class Drawn:
    text: str
    file: Path
    number: int

    @property
    def room(self) -> str:
        return self.file.parts[0].removesuffix(".py")


def candidates(bus: Path) -> list[Drawn]:
    """Every line that says something and is in one file only, in the order of files and lines."""
    lines = [
        Drawn(text=line.strip(), file=path.relative_to(bus), number=number)
        for path in sorted(bus.rglob("*.py"))
        for number, line in _lines(path.read_text())
    ]
    files = Counter(text for text, _ in {(line.text, line.file) for line in lines})
    return [line for line in lines if files[line.text] == 1]


def draw(lines: list[Drawn], *, seed: int, count: int = LINES) -> list[Drawn]:
    return random.Random(seed).sample(lines, count)


def _lines(source: str) -> list[tuple[int, str]]:
    """Without imports, the docstring of the module, and what is too short to say anything."""
    dull = _dull(ast.parse(source))
    return [
        (number, line)
        for number, line in enumerate(source.splitlines(), start=1)
        if number not in dull and sum(letter.isalpha() for letter in line) >= 20
    ]


def _dull(tree: ast.Module) -> set[int]:
    """An import names the room, and a module's docstring says what it is."""
    nodes: list[ast.stmt] = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    if ast.get_docstring(tree) is not None:
        nodes.append(tree.body[0])
    return {number for node in nodes for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--answers", action="store_true")
    args = parser.parse_args()
    for place, drawn in enumerate(draw(candidates(BUS), seed=args.seed, count=args.lines), start=1):
        print(f"{place:2}  {drawn.text}")  # noqa: T201  # a command's answer
        if args.answers:
            print(f"      {drawn.room}: bus/{drawn.file}, line {drawn.number}")  # noqa: T201  # as above


if __name__ == "__main__":
    main()
