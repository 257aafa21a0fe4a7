"""`lienthong alerts`: what needs a person now, who must act and what to do; and the silencing of what is known."""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from bus.cli.asked import asked, person
from bus.cli.failures import Exit
from bus.cli.ledger_options import config_option
from bus.cli.moments import MOMENT
from bus.cli.output import Trouble, emit, emit_fields, emit_json, json_option, text
from bus.cli.tables import show_lines
from bus.errors import WHO_VI
from bus.ledger.alerts.causes import CAUSES, Cause
from bus.ledger.alerts.keep import (
    Alert,
    AlertNumber,
    Silence,
    SilenceNumber,
    by_cause,
    end_silence,
    latest_alerts,
    one_alert,
    open_alerts,
    silence_of,
    silences,
)
from bus.ledger.alerts.keep import silence as put_silence
from bus.ledger.alerts.notices import Sending, sendings
from bus.ledger.alerts.statements import ANY, RAISED
from bus.wiring.ledger_config import load_ledger_config
from bus.wiring.ledgers import ledger_of
from schemas.clock import local

_SPAN: Final = re.compile(r"([1-9][0-9]{0,4})(m|h|d)")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
LONGEST: Final = timedelta(days=366)
"""A silence that nobody remembers is no silence but a fault of the alerts."""


class _Span(click.ParamType[timedelta]):
    """30m, 2h, 3d."""

    name = "span"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "SPAN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        if found := _SPAN.fullmatch(str(value).strip()):
            return timedelta(**{_UNITS[found[2]]: int(found[1])})
        return self.fail(f"{value!r}: 30m, 2h, 3d", param, ctx)


_SUBJECT: Final = click.option("--subject", default=ANY, help="Only there: a mailbox, an agency, a queue, a node.")


def _is_cause(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and value != ANY and value not in CAUSES:
        raise click.BadParameter(f"{value!r}: lienthong alerts causes")
    return value


@click.group()
def command() -> None:
    """What needs a person: cause, since when, who must act, what to do. Cảnh báo.

    The ledger's process finds them, sends them by mail and webhook ([[channel]] in its TOML), and ends them by itself.
    """


@command.command("list")
@config_option
@click.option("--cause", callback=_is_cause, metavar="CAUSE", help="Only this one: `lienthong alerts causes`.")
@_SUBJECT
@click.option("--past", is_flag=True, help="Those that have ended, too, the newest first.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="With --past.")
@json_option
def list_(config: Path, cause: str | None, subject: str, past: bool, limit: int, as_json: bool) -> None:
    """What needs a person now, in groups, the gravest first. Exit 3 if anything does. Cảnh báo đang có.

    One that is silenced is shown with its reason, and does not count for the exit code. One that has begun a moment ago
    is shown as soon as it has lasted.
    """
    now = datetime.now(UTC)
    with ledger_of(load_ledger_config(config)) as ledger:
        with ledger.reading() as connection:
            found = latest_alerts(connection, limit=limit) if past else open_alerts(connection)
            hushed = silences(connection, now=now)
        shown = [each for each in found if each.is_raised and _is_asked(each, cause, subject)]
        asked(ledger, "alerts.list", {"cause": cause, "subject": subject}, found=len(shown))
    if as_json:
        emit_json([_plain(each, silence_of(each, hushed, now=now)) for each in shown])
    elif past:
        show_past(shown)
    else:
        show_open(shown, hushed, now=now)
    loud = [each for each in shown if each.ended_at is None and silence_of(each, hushed, now=now) is None]
    sys.exit(Exit.FOUND if loud else Exit.DONE)


@command.command()
@click.argument("number", type=click.IntRange(1))
@config_option
@json_option
def show(number: int, config: Path, as_json: bool) -> None:
    """One alert: its facts, what to do, whom it was sent to. Xem một cảnh báo."""
    now = datetime.now(UTC)
    with ledger_of(load_ledger_config(config)) as ledger:
        with ledger.reading() as connection:
            found = one_alert(connection, AlertNumber(number))
            told = sendings(connection, AlertNumber(number))
            hushed = silences(connection, now=now)
        asked(ledger, "alerts.show", {"alert": number}, found=int(found is not None))
    if found is None:
        raise click.BadParameter("không có cảnh báo số này / there is no such alert", param_hint="NUMBER")
    quiet = silence_of(found, hushed, now=now)
    if as_json:
        emit_json({**_plain(found, quiet), "facts": dict(found.facts), "sent": [_plain_sending(each) for each in told]})
    else:
        show_one(found, told, quiet)


@command.command()
@click.argument("cause", callback=_is_cause, required=False)
@config_option
@_SUBJECT
@click.option("--reason", required=True, help="Why nobody need be told; whoever looks reads it.")
@click.option("--for", "span", type=_Span(), help="How long: 30m, 2h, 3d.")
@click.option("--until", type=MOMENT, help="Or until then: 2026-12-01, 2026-12-01T08:00.")
def silence(
    cause: str | None, config: Path, subject: str, reason: str, span: timedelta | None, until: datetime | None
) -> None:
    """Tell nobody of CAUSE, or of anything at a --subject, until an end. Thôi báo một thời gian.

    Alerts are found and shown all the same; what is still so at the end is told then.
    """
    now = datetime.now(UTC)
    if (span is None) == (until is None):
        raise click.UsageError("--for hoặc --until, một trong hai / one of the two")
    if cause is None and subject == ANY:
        raise click.UsageError("nêu CAUSE, hoặc --subject / name a CAUSE, or a --subject")
    ends_at = now + span if span is not None else until
    assert ends_at is not None
    if not reason.strip() or not now < ends_at <= now + LONGEST:
        raise click.UsageError("cần lý do, và lúc hết trong vòng một năm / a reason, and an end within a year")
    with ledger_of(load_ledger_config(config)) as ledger:
        of = {"cause": cause or ANY, "subject": subject, "reason": reason, "until": ends_at.isoformat()}
        asked(ledger, "alerts.silence", of, found=0)
        with ledger.writing() as connection:
            number = put_silence(
                connection,
                cause=cause or ANY,
                subject=subject,
                reason=reason,
                by=person(),
                begins_at=now,
                ends_at=ends_at,
            )
    until_then = local(ends_at)
    emit(
        f"Thôi báo đến {until_then}; bỏ sớm: lienthong alerts unsilence {number}",
        f"Silenced until {until_then}; to end it sooner: lienthong alerts unsilence {number}",
    )


@command.command("silences")
@config_option
@json_option
def silences_(config: Path, as_json: bool) -> None:
    """What is silenced: why, by whom, until when. Những gì đang thôi báo."""
    with ledger_of(load_ledger_config(config)) as ledger:
        with ledger.reading() as connection:
            found = silences(connection, now=datetime.now(UTC))
        asked(ledger, "alerts.silences", {}, found=len(found))
    if as_json:
        emit_json([_plain_silence(each) for each in found])
    else:
        show_silences(found)


@command.command()
@click.argument("number", type=click.IntRange(1))
@config_option
def unsilence(number: int, config: Path) -> None:
    """End the silence NUMBER now. Báo lại. Exit code: 0 done, 1 there is none that lasts."""
    with ledger_of(load_ledger_config(config)) as ledger:
        asked(ledger, "alerts.unsilence", {"silence": number}, found=0)
        with ledger.writing() as connection:
            done = end_silence(connection, SilenceNumber(number), now=datetime.now(UTC))
    emit("Báo lại từ bây giờ. / Told again from now on." if done else "Không có. / There is none.")
    sys.exit(Exit.DONE if done else Exit.FAILED)


@command.command()
@json_option
def causes(as_json: bool) -> None:
    """Every cause: what it is, who must act, what to do. Mọi nguyên nhân."""
    if as_json:
        emit_json([_plain_cause(each) for each in CAUSES.values()])
        return
    for each in CAUSES.values():
        emit(f"{each.code}: {each.title.vi} / {each.title.en}")
        show_lines(_what_to_do(each), indent=4)


# -- for people --------------------------------------------------------------------------------------------------------


def show_open(alerts: Sequence[Alert], hushed: Sequence[Silence], *, now: datetime) -> None:
    groups = by_cause(alerts)
    if not groups:
        emit("Không có gì. / Nothing there.")
    for cause, some in groups.items():
        quiet = [silence_of(each, hushed, now=now) for each in some]
        head = f"{cause.title.vi} / {cause.title.en} ({len(some)})  {cause.code}"
        emit(Trouble(head) if None in quiet else head)
        for alert, silenced in zip(some, quiet, strict=True):
            show_lines(_lines(alert, silenced), indent=2)
        show_lines(_what_to_do(cause), indent=4)
        emit()
    if groups:
        silenced_count = sum(silence_of(each, hushed, now=now) is not None for each in alerts)
        emit(f"{len(alerts)} cảnh báo / alerts; {silenced_count} thôi báo / silenced")


def _lines(alert: Alert, silenced: Silence | None) -> Iterable[str]:
    below = " " * (len(str(alert.number)) + 2)
    yield f"{alert.number}  {alert.text.vi}"
    yield f"{below}{alert.text.en}"
    yield f"{below}từ / since {local(alert.since)}"
    if silenced is not None:
        yield f"{below}thôi báo đến / silenced until {local(silenced.ends_at)}: {silenced.reason}"


def _what_to_do(cause: Cause) -> Iterable[str]:
    yield f"{WHO_VI[cause.who]} xử lý: {cause.do.vi}"
    yield f"{cause.who} acts: {cause.do.en}"


def show_past(alerts: Sequence[Alert]) -> None:
    if not alerts:
        emit("Không có gì. / Nothing there.")
    for alert in alerts:
        ended = f" → {local(alert.ended_at)}" if alert.ended_at else ""
        emit(f"{alert.number}  {local(alert.since)}{ended}  {alert.cause.code}")
        show_lines(alert.text, indent=len(str(alert.number)) + 2)


def show_one(alert: Alert, told: Sequence[Sending], silenced: Silence | None) -> None:
    cause = alert.cause
    ended = text(alert.ended_at) if alert.ended_at else "chưa / not yet"
    emit_fields(
        {
            "cảnh báo / alert": alert.number,
            "nguyên nhân / cause": f"{cause.code}: {cause.title.vi} / {cause.title.en}",
            "ở đâu / subject": alert.subject or "-",
            "từ lúc / since": alert.since,
            "thấy lần cuối / last found": alert.last_at,
            "đã hết / ended": ended,
        }
    )
    emit()
    show_lines(alert.text, indent=2)
    show_lines(_what_to_do(cause), indent=2)
    if silenced is not None:
        until = local(silenced.ends_at)
        emit(f"thôi báo đến / silenced until {until} ({silenced.by}): {silenced.reason}")
    if told:
        emit("", "đã báo / told:")
        show_lines(map(_sending, told), indent=2)


def _sending(each: Sending) -> str:
    what = "bắt đầu / began" if each.what == RAISED else "kết thúc / ended"
    if each.sent_at is not None:
        return f"{each.channel}: {what}, {local(each.sent_at)}"
    again = f"thử lại / again {local(each.next_at)}" if each.next_at else "thôi / given up"
    return Trouble(f"{each.channel}: {what}, ✗ {each.attempts} lần / tries, {again}: {each.error or ''}")


def show_silences(found: Sequence[Silence]) -> None:
    if not found:
        emit("Không có gì. / Nothing there.")
    for each in found:
        emit(f"{each.number}  {each.cause} @ {each.subject}  đến / until {local(each.ends_at)}")
        show_lines([f"{each.by}: {each.reason}"], indent=len(str(each.number)) + 2)


# -- for programs ------------------------------------------------------------------------------------------------------


def _is_asked(alert: Alert, cause: str | None, subject: str) -> bool:
    return cause in {None, ANY, alert.cause.code} and subject in {ANY, alert.subject}


def _plain(alert: Alert, silenced: Silence | None) -> Mapping[str, object]:
    return {
        "number": alert.number,
        **_plain_cause(alert.cause),
        "subject": alert.subject,
        "vi": alert.text.vi,
        "en": alert.text.en,
        "since": alert.since,
        "last_at": alert.last_at,
        "ended_at": alert.ended_at,
        "silenced": silenced and _plain_silence(silenced),
    }


def _plain_cause(cause: Cause) -> Mapping[str, object]:
    return {
        "cause": cause.code,
        "title_vi": cause.title.vi,
        "title_en": cause.title.en,
        "who": cause.who,
        "grave": cause.grave,
        "do_vi": cause.do.vi,
        "do_en": cause.do.en,
    }


def _plain_silence(silenced: Silence) -> Mapping[str, object]:
    return asdict(silenced)


def _plain_sending(each: Sending) -> Mapping[str, object]:
    return asdict(each)
