"""The names of events in words: none that this version writes is without."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bus
from bus.daemon.outages import Needed
from bus.directory.header import Rule
from bus.errors import AgencyClosed, DmsAway
from bus.handling.deadlines import Stage
from bus.operations.events import NAMES, advice_of, events_after, recent_events, words_of
from bus.ports.records import Event
from tests.contract.store import NOW
from tests.fakes.store import MemoryStore

MAKERS = {"Event", "event", "_event", "_said", "_tell_loudly"}
NAME = re.compile(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*")


def written() -> Iterator[str]:
    """The names that stand in calls which make events."""
    for path in Path(bus.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                given = [*node.args, *(each.value for each in node.keywords)] if called in MAKERS else []
                values = [
                    each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)
                ]
                yield from (value for value in values if NAME.fullmatch(value))


def test_every_name_that_is_written_has_words() -> None:
    """In both languages, each its own."""
    names = set(written()) | set(Stage) | {f"directory.{rule}" for rule in Rule}
    names |= {name for needed in Needed for name in (needed.away, needed.changed, needed.back, needed.interrupted)}
    assert len(names) > 50
    for name in sorted(names):
        words = words_of(name)
        assert words.vi != name, f"bus/operations/events.py lacks {name}"
    assert len({words.en for words in NAMES.values()}) >= len(NAMES) - 3  # retry and release, of either box


def test_a_name_of_a_later_version_stands_for_itself() -> None:
    """Nothing is made up; but any edition that was not taken is one."""
    assert words_of("tunnel.lost") == ("tunnel.lost", "tunnel.lost")
    assert words_of("directory.a-rule-of-later").en == "An edition of the directory was not taken"


@pytest.mark.parametrize(
    ("detail", "advice"),
    [
        (str(DmsAway(why="x")), f"người vận hành xử lý: {DmsAway.do_vi}"),
        (f"{DmsAway(why='x').in_vietnamese()} / {DmsAway(why='x')}", None),
        ("[no-such-code; operator acts]", None),
        ("no error at all", None),
        (str(AgencyClosed(agency="H08", successor="H21")), "nơi gửi xử lý"),
    ],
)
def test_an_error_in_english_has_its_advice_in_vietnamese(detail: str, advice: str | None) -> None:
    """What to do is a sentence of its code; where that names facts, who acts is all that can be said."""
    assert advice_of(Event(at=NOW, name="x.y", detail=detail)) == advice


def test_they_are_read_from_the_store() -> None:
    """The last ones, and those after one that is known."""
    store = MemoryStore()
    with store.write() as tx:
        tx.dossiers.put_events([Event(at=NOW, name="a.b"), Event(at=NOW, name="a.c")])
    newest, oldest = recent_events(store, limit=9, name="a")
    assert (newest.name, oldest.name) == ("a.c", "a.b")
    assert [each.name for each in events_after(store, oldest.number, limit=9)] == ["a.c"]


def test_a_status_that_may_not_follow_says_who_acts() -> None:
    """Its detail is the status alone."""
    assert "nơi báo trạng thái xử lý" in str(advice_of(Event(at=NOW, name="status.illegal", detail="03")))
