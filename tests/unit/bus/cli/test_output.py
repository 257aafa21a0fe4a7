"""How commands speak to people and to programs, and what becomes of strangers' texts on the way."""

import io
import json
import sqlite3
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bus.cli import output
from bus.cli.main import COMMANDS, main
from bus.cli.tables import emit_table
from bus.ports.records import Event
from schemas.codes import StatusCode
from schemas.docket import DocumentKey
from schemas.values import MessageId
from tests.packages import DOCUMENT, spoiled
from tests.scenarios.country import document
from tests.unit.bus.cli.mailbox import Mailbox, made

MOMENT = datetime(2026, 11, 22, 17, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        (None, ""),
        (MOMENT, "2026-11-23 00:30:05 +07"),
        (date(2026, 11, 22), "2026-11-22"),
        (StatusCode.DONE, "06"),
        (0, "0"),
        ("[mật]", "[mật]"),
    ],
)
def test_a_cell_is_text(cell: object, read: str) -> None:
    """Times on the clock of Việt Nam, with its zone; nothing for None, but 0 for 0."""
    assert output.text(cell) == read


def test_json_keeps_letters_and_offsets(capsys: pytest.CaptureFixture[str]) -> None:
    """Vietnamese as it is written, times in ISO 8601 with their offset, what JSON does not know as text."""
    output.emit_json({"tên": "Sở Nội vụ", "at": MOMENT, "on": date(2026, 11, 22), "code": StatusCode.DONE})
    said = capsys.readouterr().out
    assert "Sở Nội vụ" in said
    assert json.loads(said) == {
        "tên": "Sở Nội vụ",
        "at": "2026-11-22T17:30:05+00:00",
        "on": "2026-11-22",
        "code": "06",
    }


def test_fields_stand_under_one_another(capsys: pytest.CaptureFixture[str]) -> None:
    """Names as wide as the longest; of nothing, nothing."""
    output.emit_fields({"a": 1, "longer": MOMENT})
    output.emit_fields({})
    assert capsys.readouterr().out == "a       1\nlonger  2026-11-23 00:30:05 +07\n"


POISON = "1\nFORGED\r\x1b[2J\x1b]8;;http://x\x1b\\\x9b31m\u202e\u2028FORGED\x85[red]\ud800\U000e0041"
STEERING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def assert_tame(said: str) -> None:
    """Asserts that a text has our own line feeds and no other character that a terminal would act on."""
    assert {letter for letter in said if unicodedata.category(letter) in STEERING} <= {"\n"}
    assert not [line for line in said.splitlines() if line.lstrip().startswith("FORGED")]


def test_each_argument_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines, fields, cells, a title, a file: wherever a stranger's text may be."""
    output.emit(f"tên: {POISON}", POISON)
    output.emit(POISON, err=True)
    output.emit()
    output.emit_fields({"tên": POISON, "other": [POISON]})
    output.emit_json({POISON: POISON})
    emit_table(("a", "b"), [(POISON, [POISON])], title=POISON)
    said = capsys.readouterr()
    assert said.out.count("1⏎FORGED") >= 3
    assert_tame(said.out + said.err)
    output.emit_file("-----BEGIN\nabc\x9b\n")
    assert capsys.readouterr().out == "-----BEGIN\nabc<U+009B>\n"


TYPED = POISON.replace("\ud800", "")
"""What can be an argument."""
KEPT = POISON.replace("\ud800", "").replace("\x1b", "")
"""What a store may hold from before: JSON and XML cannot carry the rest."""


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    """One whose store holds an id, an error and events as a stranger would write them."""
    mailbox = made(tmp_path)
    mailbox.accept(document())
    with sqlite3.connect(tmp_path / "G22.db") as store:
        ((docket,),) = store.execute("SELECT docket FROM outbox")
        said = json.loads(docket)
        said["document"]["id"] = KEPT
        store.execute(
            "UPDATE outbox SET docket = ?, document = ?, error = ?", (json.dumps(said).encode(), KEPT, POISON[:20])
        )
    with mailbox.store.write() as tx:
        about = DocumentKey.model_construct(issuer="H49", id=KEPT)
        for key, message in ((about, None), (None, MessageId(KEPT))):
            event = Event(at=mailbox.land.now, name="inbox.set-aside", message=message, document=key, detail=KEPT)
            tx.dossiers.put_events([event])
    yield mailbox
    mailbox.store.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ("outbox", "list"),
        ("outbox", "show", TYPED),
        ("outbox", "retry", TYPED),
        ("outbox", "list", "--limit", TYPED),
        ("outbox", TYPED),
        ("inbox", "list", "--state", TYPED),
        ("inbox", "discard", TYPED),
        ("trace", KEPT),
        ("trace", TYPED),
        ("events",),
        ("events", "--name", TYPED),
        ("transfers",),
        ("documents",),
        ("documents", TYPED),
        ("explain", TYPED),
        ("agency", "search", TYPED),
        ("agency", "show", TYPED),
        ("edxml", "check", TYPED),
        ("documents", "--number", TYPED),
        (TYPED,),
    ],
    ids=lambda arguments: " ".join({TYPED: "typed", KEPT: "kept"}.get(each, each) for each in arguments),
)
@pytest.mark.parametrize("more", [(), ("--json",)], ids=["people", "programs"])
def test_no_command_lets_a_text_steer_a_terminal(
    mailbox: Mailbox, arguments: tuple[str, ...], more: tuple[str, ...]
) -> None:
    """An id from a store, an error, an event, an argument copied from somewhere: in lines, tables, JSON and errors."""
    env = {"COLUMNS": "300", "LIENTHONG_CONFIG": str(mailbox.config)}
    result = CliRunner(env=env).invoke(main, [*arguments, *more])
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)
    assert_tame(result.output)


def test_one_entry_of_a_store_from_before_is_shown_in_signs(mailbox: Mailbox) -> None:
    """The id of a document with line breaks and controls, beside that of its message."""
    (row,) = mailbox.json("outbox", "list")
    result = mailbox.run("outbox", "show", row["docket"]["id"], columns=300)
    assert result.exit_code == 0
    assert_tame(result.output)


def test_a_store_from_before_is_read_and_shown(mailbox: Mailbox) -> None:
    """Its id is there, as signs for people and exactly for programs."""
    assert "1⏎FORGED<U+000D>" in mailbox.run("outbox", "list", columns=300).output
    assert mailbox.json("outbox", "list")[0]["docket"]["document"]["id"] == KEPT
    assert mailbox.json("events")[0]["detail"] == KEPT
    assert {each.get("document", each["message"]) for each in mailbox.json("events")} == {KEPT}


def test_a_package_with_such_texts_is_shown_in_signs(tmp_path: Path) -> None:
    """The text, the name of the file, the refusal."""
    texts = KEPT.replace("&", "").replace("<", "")
    for name, package in (
        ("read.edxml", spoiled(DOCUMENT, ("V/v kiểm tra", texts))),
        ("1\n✓ forged.edxml", spoiled(DOCUMENT, ("H49.06,2026/01/05,12/SA-VP", texts))),
    ):
        (tmp_path / name).write_bytes(package)
        for command in ("check", "show"):
            result = CliRunner(env={"COLUMNS": "300"}).invoke(main, ["edxml", command, str(tmp_path / name)])
            assert_tame(result.output)
            assert not [line for line in result.output.splitlines() if line.startswith("✓ forged")]


def test_the_walk_misses_no_command_by_accident() -> None:
    """Commands that a stranger's text can reach only through a broker or an authority have their stories elsewhere;
    what a few print is all our own."""
    elsewhere = {"adapter", "audit", "ca", "dead", "directory", "keys", "queues", "store", "topology"}
    elsewhere |= {"alerts", "ledger", "obligations", "report"}  # through a ledger
    ours = {"calendar", "completion", "config", "console", "manual"}
    walked = {"outbox", "inbox", "documents", "trace", "events", "transfers", "agency", "edxml", "explain"}
    assert set(COMMANDS) == elsewhere | ours | walked


def test_a_question_steers_no_terminal() -> None:
    """Names from elsewhere stand in questions, too."""

    @click.command()
    def command() -> None:
        assert output.typed("Khóa của H49\x1b[2K\u202e?") == "a"
        output.confirm("Bỏ H49\x07?")

    result = CliRunner().invoke(command, input="a\ny\n")
    assert result.exit_code == 0, result.output
    assert_tame(result.output)


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_that_want_it(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], coloured: bool
) -> None:
    """Not where NO_COLOR is set, nor where a terminal has none; and never where it is piped."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert output.in_colour(Terminal()) is coloured
    assert not output.in_colour(io.StringIO())


@pytest.mark.parametrize(
    ("line", "red"),
    [(output.Trouble("broken"), True), ("! late", True), ("  ✗ wrong", True), ("well!", False), (1, False)],
)
def test_a_line_about_trouble_is_red_at_a_terminal(monkeypatch: pytest.MonkeyPatch, line: object, red: bool) -> None:
    """One that begins with a mark, or is said to be; behind what makes strangers' texts tame."""
    monkeypatch.setattr("sys.stdout", screen := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    output.emit(line, "next")
    assert screen.getvalue() == (f"\x1b[31m{line}\x1b[0m\nnext\n" if red else f"{line}\nnext\n")


def test_a_long_value_goes_on_under_itself_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A word is never broken; what is piped is a line a field."""
    monkeypatch.setenv("COLUMNS", "24")
    fields = {"name": "one two three four", "path": "/a/path/that/is/longer/than/that", "x": "y"}
    monkeypatch.setattr("sys.stdout", screen := Terminal())
    output.emit_fields(fields)
    assert screen.getvalue().splitlines() == [
        "name  one two three four",
        "path  /a/path/that/is/longer/than/that",
        "x     y",
    ]
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setattr("sys.stdout", screen := Terminal())
    output.emit_fields({"name": "one two three four"})
    assert screen.getvalue().splitlines() == ["name  one two three", "      four"]
    monkeypatch.setattr("sys.stdout", screen := Terminal())
    output.emit_fields({"a long name": "one two three"})
    assert screen.getvalue().splitlines() == ["a long name  one two", "  three"]
    monkeypatch.setattr("sys.stdout", piped := io.StringIO())
    output.emit_fields({"name": "one two three four"})
    assert piped.getvalue() == "name  one two three four\n"
