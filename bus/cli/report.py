"""`lienthong report`: what was sent, received, refused, on time and late over a period, on the screen or as a file."""

import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any, Final

import click

from bus.cli.asked import asked
from bus.cli.ledger_options import config_option
from bus.cli.moments import MOMENT
from bus.cli.output import emit, emit_fields, emit_json, json_option, wrapped
from bus.cli.tables import emit_table
from bus.errors import BadConfig, of_system, said
from bus.files.private import write_public
from bus.handling.calendar import calendar_of
from bus.handling.working_days import Calendar
from bus.ledger import calendars
from bus.ledger.reports import plain
from bus.ledger.reports.figures import Paper, Report
from bus.ledger.reports.pdf import pdf
from bus.ledger.reports.question import Period, Question
from bus.ledger.reports.read import report as read_report
from bus.ledger.reports.sections import DEADLINES, UNITS, Cell, Language, Section, facts, sections, text, title
from bus.ledger.reports.xlsx import xlsx
from bus.wiring.ledger import clocks_of
from bus.wiring.ledger_config import LedgerConfig, load_ledger_config
from bus.wiring.ledgers import ledger_of, onlooker_of
from schemas.codes import BusinessType, Label
from schemas.values import AgencyCode

_KINDS: Final = {each.name.lower(): each for each in BusinessType}

Writer = Callable[[Report, Language, Sequence[Section]], bytes]
FORMS: Final[Mapping[str, Writer]] = {
    ".pdf": lambda report, language, parts: pdf(report, language=language, parts=parts),
    ".xlsx": lambda report, language, parts: xlsx(report, language=language, parts=parts),
    ".csv": lambda report, _language, _parts: plain.csv_text(report),
    ".json": lambda report, _language, _parts: plain.json_text(report),
}
"""By the end of the file's name."""
PAPER: Final = ("agency", "sent", "received")
"""Columns of the file of what went on paper."""
_SHOWN: Final = {UNITS: (0, 2, 3, 6, 10, 11), DEADLINES: (0, 2, 3, 4, 7)}
"""Of wide tables the columns that fit a terminal; the files have them whole."""


class _Period(click.ParamType[Period]):
    name = "period"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "PERIOD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Period:
        if isinstance(value, Period):
            return value
        try:
            return Period.parse(str(value).strip())
        except BadConfig as error:
            why = error.facts["why"]
            self.fail(f"{getattr(why, 'vi', why)} / {why}", param, ctx)


@click.command()
@config_option
@click.option(
    "--period",
    type=_Period(),
    help="2026-Q3, 2026-11, 2026, or two days: 2026-10-01..2026-10-15.  [default: the quarter that ended last]",
)
@click.option("--agency", metavar="AGENCY", help="Of this agency and the units below it.  [default: all]")
@click.option("--alone", is_flag=True, help="Without the units below it.")
@click.option("--type", "kind", type=click.Choice(list(_KINDS)), help="Only documents of this type.")
@click.option(
    "--paper",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV of what went on paper, as each agency says it: agency,sent,received.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file instead of the screen; its name ends with .pdf, .xlsx, .csv or .json.",
)
@click.option(
    "--language",
    type=click.Choice([each.value for each in Language]),
    default=Language.VI.value,
    show_default=True,
    help="Of PDF and XLSX.",
)
@click.option("--as-of", type=MOMENT, help="The stated time; what is overdue is so then.  [default: now]")
@json_option
def command(
    config: Path,
    period: Period | None,
    agency: AgencyCode | None,
    alone: bool,
    kind: str | None,
    paper: Path | None,
    out: Path | None,
    language: str,
    as_of: datetime | None,
    as_json: bool,
) -> None:
    """Sent, received, refused, on time, late over a period. Báo cáo gửi, nhận văn bản.

    A document counts in the period in which it was sent, whatever became of it later. A whole quarter of all agencies
    is the quarterly report of Decision 28/2018/QĐ-TTg, Article 15. Made twice with the same --as-of, a file is the same
    to the byte.

    \b
    lienthong report -c LEDGER.toml --period 2026-Q3 --out 2026-Q3.pdf
    lienthong report -c LEDGER.toml --period 2026-11 --agency H49 --out H49.xlsx
    """
    writer = None if out is None else FORMS.get(out.suffix.lower())
    if out is not None and writer is None:
        raise click.UsageError(f"{out}: .pdf, .xlsx, .csv, .json")
    loaded, now = load_ledger_config(config), (as_of or datetime.now(UTC)).replace(microsecond=0)
    question = Question(
        period=period or Period.last_quarter(now), agency=agency, below=not alone, kind=_KINDS[kind] if kind else None
    )
    made = _made(loaded, question, now=now, paper=paper)
    parts = sections(made, clocks={clock.code: clock for clock in clocks_of(loaded)})
    if out is not None and writer is not None:
        written = writer(made, Language(language), parts)
        write_public(out, written)
        emit_fields({"báo cáo / report": out, "byte": len(written)})
    elif as_json:
        emit_json(plain.as_json(made))
    else:
        _say(made, parts)


# -- how ---------------------------------------------------------------------------------------------------------------


def _made(config: LedgerConfig, question: Question, *, now: datetime, paper: Path | None) -> Report:
    """Recorded before it is shown, as all that is shown of a ledger."""
    onlooker, on_paper = onlooker_of(config), _paper(paper) if paper else {}
    with ledger_of(config) as ledger:
        with ledger.reading() as connection:
            calendar = Calendar()
            if onlooker.trust_store is not None:
                kept = calendars.kept(connection, trust_store=onlooker.trust_store, now=datetime.now(UTC))
                calendar = calendar_of(each.edition for _, each in kept.taken)
            made = read_report(
                connection, question, now=now, directory=onlooker.directory, calendar=calendar, paper=on_paper
            )
        subject = {
            "period": str(question.period),
            "agency": question.agency,
            "below": question.below,
            "type": question.kind and question.kind.name.lower(),
            "paper": paper and str(paper),
        }
        asked(ledger, "report.make", subject, found=len(made.units))
    return made


def _paper(path: Path) -> dict[AgencyCode, Paper]:
    """Raises BadConfig."""
    try:
        rows = list(csv.DictReader(StringIO(path.read_bytes().decode("utf-8-sig"))))
        return {row["agency"].strip(): Paper(_count(row["sent"]), _count(row["received"])) for row in rows}
    except OSError as exc:
        raise BadConfig(file=path, why=of_system(exc)) from exc
    except (ValueError, KeyError, AttributeError, csv.Error) as exc:
        why = said(
            "phải là CSV (UTF-8) có dòng đầu {head} và các số nguyên không âm",
            "must be CSV (UTF-8) with the head {head} and whole numbers from 0 on",
            head=",".join(PAPER),
        )
        raise BadConfig(file=path, why=why) from exc


def _count(cell: str) -> int:
    number = int(cell)
    if number < 0:
        raise ValueError("negative")
    return number


def _say(made: Report, parts: Sequence[Section]) -> None:
    emit(*wrapped(_both(title(made)), sys.stdout))
    emit()
    emit_fields({_both(name): _both(value) for name, value in facts(made)})
    for section in parts:
        emit()
        columns = _SHOWN.get(section.name, range(len(section.heads)))
        heads = ["\n".join(dict.fromkeys(section.heads[at])) for at in columns]
        rows = [[_cell(row[at]) for at in columns] for row in section.rows]
        emit_table(heads, rows, title=_both(section.title))
    if any(section.name in _SHOWN for section in parts):
        emit()
        emit("Đủ các cột: --out TỆP.pdf, .xlsx. / All columns: --out FILE.pdf, .xlsx.")


def _both(label: Label) -> str:
    return label.vi if label.vi == label.en else f"{label.vi} / {label.en}"


def _cell(cell: Cell | Label) -> str:
    if isinstance(cell, Label):
        return _both(cell)
    return text(cell, Language.VI)
