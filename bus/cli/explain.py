"""`lienthong explain`: a code in words, as in deploy/handbook/codes.md."""

import difflib

import click

from bus.cli.output import emit, emit_json, json_option
from bus.cli.tables import emit_table
from bus.errors import WHO_VI, Who, Words
from bus.errors.explained import OF_VI, Explained, Of, explained, sentence
from bus.operations.events import NAMES
from bus.rabbit.admin.queue_faults import every_fault


@click.command()
@click.argument("code", required=False)
@json_option
def command(code: str | None, as_json: bool) -> None:
    """What CODE means, who acts, and what to do; without CODE every code there is.

    Mã này nghĩa là gì, ai xử lý, làm gì. CODE stands at the end of an error, in brackets; what is copied with it does
    no harm. The name of an event (broker.away) is explained, too.
    """
    name = (code or "").strip().lower()
    if name in NAMES:
        _show_event(name, as_json=as_json)
        return
    found = every() if code is None else _of(code)
    if as_json:
        emit_json(
            [
                {
                    "code": each.code,
                    "of": each.of,
                    "who": each.who,
                    "means": _both(each.means),
                    "do": _both(each.do),
                }
                for each in found
            ]
        )
    elif code is None:
        rows = [(each.code, [WHO_VI[each.who], str(each.who)], [each.means.vi, str(each.means)]) for each in found]
        emit_table(("Mã\ncode", "Ai xử lý\nwho acts", "Nghĩa là\nit means"), rows)
    else:
        for each in found:
            _show(each)


def every() -> tuple[Explained, ...]:
    """Errors, rules of packages, and what `lienthong queues` finds."""
    of_queues = (
        Explained(
            fault.code,
            Who.OPERATOR,
            Words(sentence(fault.text.vi), sentence(fault.text.en)),
            Words(sentence(fault.remedy.vi), sentence(fault.remedy.en)),
            of=Of.QUEUE,
        )
        for fault in every_fault()
    )
    return (*explained(), *of_queues)


def _of(text: str) -> list[Explained]:
    code = text.strip("[] ").partition(";")[0].strip().lower()
    found = [each for each in every() if each.code == code]
    if not found:
        near = difflib.get_close_matches(code, sorted({*(each.code for each in every()), *NAMES}))
        hint = f" (gần giống / near: {', '.join(near)})" if near else "; lienthong explain"
        raise click.BadParameter(f"không có mã này / there is no such code{hint}", param_hint="CODE")
    return found


def _show_event(name: str, *, as_json: bool) -> None:
    """Of an event: its words; why, who acts and what to do stand in its own text."""
    words = NAMES[name]
    if as_json:
        emit_json([{"code": name, "of": "event", "means": {"vi": words.vi, "en": words.en}}])
        return
    emit(
        f"{name}: sự kiện / event",
        f"  Nghĩa là: {words.vi}.",
        f"  Làm: xem từng lần, vì sao và ai xử lý: lienthong events --name {name}",
        f"  It means: {words.en}.",
        f"  Do: see each of them, why and who acts: lienthong events --name {name}",
    )


def _show(each: Explained) -> None:
    what = f"{OF_VI[each.of]} / {each.of}"
    emit(
        f"{each.code}: {what}; {WHO_VI[each.who]} xử lý / {each.who} acts",
        f"  Nghĩa là: {each.means.vi}",
        f"  Làm: {each.do.vi}",
        f"  It means: {each.means}",
        f"  Do: {each.do}",
    )


def _both(words: object) -> dict[str, str]:
    return {"vi": getattr(words, "vi", ""), "en": str(words)}
