"""`lienthong calendar`: the Government's working days, a signed edition a year, over what the library knows."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import click
from pydantic import ValidationError

from bus.cli.calendar_take import newest, take, taken_by, trust_in
from bus.cli.editions import cert_option, file, key_option, root_option
from bus.cli.failures import Exit
from bus.cli.output import Trouble, emit, emit_fields, emit_file, emit_json, json_option, wrapped
from bus.cli.tables import emit_table
from bus.errors import BadConfig, of_fields, of_system
from bus.files.keys import load_signer
from bus.files.private import write_public
from bus.handling.calendar import (
    CalendarEdition,
    SignedCalendar,
    calendar_of,
    changed,
    check_follows,
    read_all,
    read_calendar,
    read_toml,
    sign_calendar,
    to_toml,
    unconfirmed,
)
from bus.handling.working_days import YearOfDays, by_library, day_of, is_weekend, names
from bus.trust.certificates import Certificate

WEEKDAYS: Final = (
    ("thứ hai", "Mon"),
    ("thứ ba", "Tue"),
    ("thứ tư", "Wed"),
    ("thứ năm", "Thu"),
    ("thứ sáu", "Fri"),
    ("thứ bảy", "Sat"),
    ("chủ nhật", "Sun"),
)


class Day(click.ParamType[date]):
    """A day as ISO 8601 writes it, or as people in Việt Nam do."""

    name = "day"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "DAY"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        text = str(value).strip()
        try:
            return date.fromisoformat("-".join(reversed(text.split("/"))))
        except ValueError:
            self.fail(f"{value!r}: 2026-01-02, 02/01/2026", param, ctx)


DAY: Final = Day()
YEAR: Final = click.IntRange(1946, 2999)


@dataclass(frozen=True, slots=True)
class Editions:
    """A file of signed editions, judged."""

    path: Path
    root: Path
    directory: Path | None
    held: tuple[SignedCalendar, ...]

    def add(self, encoded: bytes, *, now: datetime) -> SignedCalendar:
        """Judged as everybody will judge it. Raises BadCalendar."""
        trust_store, charter = trust_in(self.root, self.directory)
        added = read_calendar(encoded, trust_store=trust_store, charter=charter, now=now)
        check_follows((each.edition for each in self.held), added.edition)
        write_public(self.path, b"".join(each.to_pem() for each in (*self.held, added)))
        return added


@click.group()
def command() -> None:
    """The Government's working days: show, set, confirm, take. Lịch ngày làm việc.

    Deadlines are counted in working days. A library knows the usual days off, those by the moon too; it does not know
    what the Government decides: Saturdays that are worked for a day off, whole years. Each decision is an edition of
    its year, signed as the directory is, in a file of editions, which a ledger takes on. Until a year is confirmed,
    its deadlines are provisional.

    Hạn xử lý tính theo ngày làm việc. Mỗi quyết định (nghỉ bù, hoán đổi, lịch nghỉ cả năm) là một bản của năm đó, được
    ký như danh mục. Năm chưa xác nhận thì mọi hạn trong năm chỉ là tạm tính.
    """


def _common(run: Callable[..., None]) -> Callable[..., None]:
    """What makes an edition: which year, by what decision, whose signature, into which file."""
    for option in reversed(
        (
            click.argument("year", type=YEAR),
            click.option("--editions", required=True, type=_FILE, help="The file of editions; made if need be."),
            root_option,
            _directory_option,
            key_option,
            cert_option,
            click.option("--decision", help="Number and notation of the decision."),
            click.option("--decided-on", type=DAY, help="The day of the decision.  [default: today]"),
            click.option("--decided-by", default="Thủ tướng Chính phủ", show_default=True, help="Who decided it."),
        )
    ):
        run = option(run)
    return run


_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_directory_option = click.option(
    "--directory", type=file, help="The directory's edition: whom its charter names, who is revoked."
)


@command.command()
@click.argument("year", type=YEAR, required=False)
@click.option("--editions", type=file, help="The file of editions.  [default: none, what the library knows]")
@click.option("--ledger", type=file, metavar="LEDGER.toml", help="Instead: what this ledger took on, and counts by.")
@click.option("--root", type=file, envvar="LIENTHONG_ROOT", show_envvar=True, help="PEM of the trusted roots.")
@_directory_option
@click.option("--toml", "as_toml", is_flag=True, help="Print the edition as `set --toml` reads it.")
@json_option
def show(
    year: int | None,
    editions: Path | None,
    ledger: Path | None,
    root: Path | None,
    directory: Path | None,
    as_toml: bool,
    as_json: bool,
) -> None:
    """A year's days off and worked Saturdays, and whose word that is. Xem lịch một năm.

    Exit code: 3 where the year should be confirmed by now and is not: this year at any time, the next from 1 December.
    """
    now = datetime.now(UTC)
    year = year or day_of(now).year
    held: Sequence[SignedCalendar] = ()
    if ledger is not None:
        held = taken_by(ledger, now=now)
    elif editions is not None:
        if root is None:
            raise click.UsageError("--editions cần --root / --editions needs --root")
        held = _load(editions, root, directory, now).held
    found = newest(held, year)
    days = found.edition.days if found is not None else by_library(year)
    awaited = year in unconfirmed(calendar_of(each.edition for each in held), now)
    if as_toml:
        emit_file(to_toml(found.edition if found is not None else _unsigned(days, now)))
    elif as_json:
        emit_json(_json(days, found))
    else:
        _say(days, found, awaited=awaited)
    sys.exit(Exit.FOUND if awaited else Exit.DONE)


@command.command("set")
@_common
@click.option("--off", multiple=True, type=DAY, help="A day that is off.")
@click.option("--worked", multiple=True, type=DAY, help="A Saturday or Sunday that is worked.")
@click.option("--usual", multiple=True, type=DAY, help="A day that is as its weekday says, after all.")
@click.option("--toml", type=file, help="The whole year, as `show --toml` prints it, in the place of these options.")
def set_(
    year: int,
    editions: Path,
    root: Path,
    directory: Path | None,
    key: Path,
    cert: Path,
    decision: str | None,
    decided_on: date | None,
    decided_by: str,
    off: Sequence[date],
    worked: Sequence[date],
    usual: Sequence[date],
    toml: Path | None,
) -> None:
    """Sign a year's next edition with other days. Ký bản mới của một năm, đổi ngày nghỉ, ngày làm bù.

    \b
    lienthong calendar set 2026 --off 2026-01-02 --worked 2026-01-10 \\
      --decision 12345/VPCP-KGVX --editions calendar.pem …

    A year that was confirmed stays so. Deadlines of what is still open move, each says why; what is closed stays.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    held = _load(editions, root, directory, now)
    before = newest(held.held, year)
    days = before.edition.days if before is not None else by_library(year)
    written: dict[str, object] = {"confirmed": days.confirmed, "decided_on": day_of(now), "decided_by": decided_by}
    if toml is not None:
        read = read_toml(toml.read_text(encoding="utf-8"))
        days, written = read.days, read.model_dump()
        if days.year != year:
            raise click.UsageError(f"{toml}: {days.year} ≠ {year}")
    elif not (off or worked or usual):
        raise click.UsageError("không đổi gì: --off, --worked, --usual / nothing to change")
    said_here = {"decision": decision, "decided_on": decided_on}
    written |= {name: value for name, value in said_here.items() if value is not None}
    _sign(held, changed(days, off=off, worked=worked, usual=usual), key, cert, now=now, written=written)


@command.command()
@_common
def confirm(
    year: int,
    editions: Path,
    root: Path,
    directory: Path | None,
    key: Path,
    cert: Path,
    decision: str | None,
    decided_on: date | None,
    decided_by: str,
) -> None:
    """Sign that the Government has decided a year as it stands. Xác nhận lịch cả năm.

    Look first: `calendar show`; where a day is wrong, `calendar set`. From then on the year's deadlines are not
    provisional any more.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    held = _load(editions, root, directory, now)
    before = newest(held.held, year)
    if before is not None and before.edition.confirmed:
        emit(f"Đã xác nhận rồi / confirmed already: {before.edition.days}, {before.edition.decision}")
        return
    days = before.edition.days if before is not None else by_library(year)
    written = {"decision": decision, "decided_on": decided_on or day_of(now), "decided_by": decided_by}
    _sign(held, days, key, cert, now=now, written={**written, "confirmed": True})


command.add_command(take)


# -- how ---------------------------------------------------------------------------------------------------------------


def _load(path: Path, root: Path, directory: Path | None, now: datetime) -> Editions:
    """Raises BadCalendar for one that does not stand: whoever reads the file must know."""
    trust_store, charter = trust_in(root, directory)
    try:
        encoded = read_all(path.read_bytes()) if path.exists() else ()
    except OSError as exc:
        raise BadConfig(file=path, why=of_system(exc)) from exc
    held = tuple(read_calendar(each, trust_store=trust_store, charter=charter, now=now, kept=True) for each in encoded)
    return Editions(path, root, directory, held)


def _sign(
    held: Editions, days: YearOfDays, key: Path, cert: Path, *, now: datetime, written: Mapping[str, object]
) -> None:
    """`written`: what is said of the decision, and whether the year is confirmed."""
    before = newest(held.held, days.year)
    if not written.get("decision"):
        raise click.UsageError("thiếu --decision: số, ký hiệu của quyết định / --decision is missing: its number")
    fields = {
        **written,
        "year": days.year,
        "edition": before.edition.edition + 1 if before is not None else 1,
        "signed_at": now,
        "off": tuple(sorted(days.off)),
        "worked": tuple(sorted(days.worked)),
    }
    try:
        edition = CalendarEdition.model_validate(fields)
    except ValidationError as exc:
        told = of_fields([dict(each) for each in exc.errors()])
        raise click.UsageError(f"{told.vi} / {told}") from exc
    encoded = sign_calendar(edition, signer=load_signer(key), chain=Certificate.from_pem(cert.read_bytes()))
    _say(days, held.add(encoded, now=now), awaited=False)


def _unsigned(days: YearOfDays, now: datetime) -> CalendarEdition:
    """What the library knows, as a text that is no edition before it is filled in."""
    return CalendarEdition.model_construct(
        year=days.year,
        edition=1,
        confirmed=False,
        decision="",
        decided_on=day_of(now),
        decided_by="",
        signed_at=now.replace(microsecond=0),
        off=tuple(sorted(days.off)),
        worked=tuple(sorted(days.worked)),
    )


def _say(days: YearOfDays, found: SignedCalendar | None, *, awaited: bool) -> None:
    confirmed = "đã xác nhận / confirmed" if found is not None and found.edition.confirmed else "tạm tính / provisional"
    fields: dict[str, object] = {"năm / year": days.year, "tình trạng / state": confirmed}
    if found is None:
        fields["theo / by"] = "thư viện, chưa có bản ký nào / the library, no edition yet"
    else:
        edition = found.edition
        fields |= {
            "bản / edition": edition.edition,
            "quyết định / decision": f"{edition.decision}, {edition.decided_on:%d/%m/%Y}, {edition.decided_by}",
            "ký / signed": edition.signed_at,
            "người ký / signer": found.signer.name,
        }
    emit_fields(fields)
    emit_table(("ngày\nday", "thứ\nweekday", "là\nis", "tên\nname"), [_row(day) for day in _listed(days)])
    if awaited:
        sentences = (
            "! Chưa ai xác nhận năm này: mọi hạn của nó là tạm tính. lienthong calendar confirm",
            "! Nobody has confirmed this year: its deadlines are provisional. lienthong calendar confirm",
        )
        emit(*(Trouble(line) for each in sentences for line in wrapped(each, sys.stderr)), err=True)


def _listed(days: YearOfDays) -> list[date]:
    return sorted(days.off | days.worked)


def _row(day: date) -> tuple[object, ...]:
    vi, en = WEEKDAYS[day.weekday()]
    worked = is_weekend(day)
    name = "" if worked else names(day.year).get(day, "")
    return day, f"{vi} / {en}", "làm bù / worked" if worked else "nghỉ / off", name


def _json(days: YearOfDays, found: SignedCalendar | None) -> dict[str, object]:
    edition = found.edition if found is not None else None
    return {
        "year": days.year,
        "edition": days.edition if edition is None else edition.edition,
        "confirmed": edition is not None and edition.confirmed,
        "decision": edition and edition.decision,
        "decided_on": edition and edition.decided_on.isoformat(),
        "decided_by": edition and edition.decided_by,
        "signed_at": edition and edition.signed_at,
        "signer": found and found.signer.name,
        "off": [day.isoformat() for day in sorted(days.off)],
        "worked": [day.isoformat() for day in sorted(days.worked)],
    }
