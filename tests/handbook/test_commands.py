"""Every command of the handbook: those of `lienthong` parse, all others are walked or have a reason why not."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bus.cli.main import main
from tests.handbook.pages import HANDBOOK, lines, pages, spans
from tests.handbook.test_calendar import KEPT
from tests.handbook.test_ceremony import HELD
from tests.handbook.test_incidents import REHEARSED
from tests.handbook.test_supervisor import READ
from tests.handbook.test_walks import WALKED
from tests.handbook.walk import NOT_RUN, PROJECT

_ANCHOR = re.compile(r'<a id="([\w-]+)"></a>')
TEXTS = sorted(
    path
    for pattern in ("*.md", ".github/*.md", "deploy/**/*.md", "tests/*/README.md")
    for path in PROJECT.glob(pattern)
)
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([\w-]+))?\)")
TAKEN = WALKED | REHEARSED | HELD | KEPT | READ


def commands() -> Iterator[tuple[str, str]]:
    for page in pages():
        for number, text in spans(page):
            yield f"{page}.md:{number}", text
        for line in lines(page):
            if line.file is None and line.text.startswith("lienthong "):
                yield f"{page}.md:{line.number}", line.text


def click_command(words: list[str]) -> tuple[click.Command, list[str]]:
    command: click.Command = main
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"no such command: {words[0]}"
        command, words = found, words[1:]
    return command, words


@pytest.mark.parametrize(
    ("place", "text"), [pytest.param(*each, id=" ".join(each)) for each in sorted(set(commands()))]
)
def test_each_command_of_ours_exists(place: str, text: str) -> None:
    """Its subcommands, and each option that a page gives it. A page may name one for many: `store check|backup`."""
    words = shlex.split(text.split("  #")[0].replace("…", ""))[1:]
    first = [alternatives.split("|") for alternatives in words]
    for number in range(max(len(each) for each in first)):
        command, rest = click_command([each[min(number, len(each) - 1)] for each in first])
        known = {name for parameter in command.get_params(click.Context(command)) for name in parameter.opts}
        for word in rest:
            if word.startswith("-") and word != "-":
                assert word.split("=")[0] in known, f"{place}: {command.name} has no {word}"


def test_each_section_is_walked_or_has_its_reason() -> None:
    """A command that nobody runs would be wrong one day, and nobody would know."""
    all_lines = [line for page in pages() for line in lines(page)]
    missed = [
        f"{line.place}: {line.text}"
        for line in all_lines
        if (line.page, line.section) not in TAKEN and not any(line.text.startswith(known) for known in NOT_RUN)
    ]
    assert missed == []
    assert {(line.page, line.section) for line in all_lines} >= TAKEN


@pytest.mark.parametrize("known", NOT_RUN)
def test_what_is_not_run_is_still_in_a_page(known: str) -> None:
    """Else its reason is about nothing."""
    assert [line for page in pages() for line in lines(page) if line.text.startswith(known)]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: str(text.relative_to(PROJECT)))
def test_each_link_leads_somewhere(text: Path) -> None:
    """To a file that is there, and to an anchor in it."""
    for target, anchor in _LINK.findall(text.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        file = (text.parent / target).resolve() if target else text
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), f"{target}#{anchor}"


def anchors(file: Path) -> set[str]:
    """Those that are written, and those that GitHub makes of headings."""
    text = file.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return {*_ANCHOR.findall(text), *made}


def test_the_first_page_is_short() -> None:
    """What a visitor reads in two minutes; the rest is the handbook's."""
    assert len((PROJECT / "README.md").read_bytes()) <= 7000


def test_the_index_names_each_page() -> None:
    index = (HANDBOOK / "README.md").read_text(encoding="utf-8")
    assert [page for page in pages() if page != "README" and f"]({page}.md)" not in index] == []
