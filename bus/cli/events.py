"""`lienthong events`: the events of one mailbox."""

import difflib
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from bus.cli.entries import config_option
from bus.cli.moments import MOMENT
from bus.cli.output import emit, emit_json, emit_json_line, json_option
from bus.operations.events import NAMES, advice_of, events_after, recent_events, words_of
from bus.ports.records import Event
from bus.ports.store import Store
from bus.wiring.stores import store_of
from schemas.values import VIETNAM

LOOK: Final = 1.0
"""Seconds between two looks for what is new."""
AT_ONCE: Final = 1000
FOUND: Final = 3
"""The exit code where there are events, of those who ask for one."""


@click.command()
@config_option
@click.option("--name", help="Only these: inbox.set-aside; or a whole kind: broker.")
@click.option(
    "--since", type=MOMENT, help="From then on: 2h (ago), 3d, 2026-11-30, 2026-11-30T08:00 (Việt Nam's clock)."
)
@click.option("--until", type=MOMENT, help="Before then.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="The last so many.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C; oldest first.")
@click.option("--exit-code", is_flag=True, help="Exit with 3 where there are such events, for a monitor.")
@json_option
def command(
    config: Path,
    name: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    follow: bool,
    exit_code: bool,
    as_json: bool,
) -> None:
    """What was out of the ordinary at this mailbox, newest first. Nhật ký sự kiện.

    Refused submissions and messages, forgeries, outages and their ends (x.away, x.back), keys that end, clocks that
    differ, editions of the directory that were not taken.

    Exit codes: 0; 1 where the store cannot be read; 2 for a wrong use; with --exit-code 3 where there are events.

    \b
    A monitor, every ten minutes / máy giám sát, mười phút một lần:
      lienthong events -c H49.toml --since 10m --exit-code
    """
    if follow and (until or exit_code):
        raise click.UsageError("--follow has no end: without --until and --exit-code / --follow không có hồi kết")
    if since and until and until <= since:
        raise click.UsageError("--until phải sau --since / --until must be later than --since")
    with store_of(config) as store:
        newest = max((each.number for each in recent_events(store, limit=1)), default=0)
        found = recent_events(store, limit=limit, name=name, since=since, until=until)
        if follow:
            _follow(store, found, name=name, after=newest, as_json=as_json)
            return
    if as_json:
        emit_json([plain(each) for each in found])
    else:
        for each in found:
            emit(*lines(each))
        if not found:
            emit("Không có sự kiện nào. / There are no such events.", *_perhaps_meant(name))
        elif len(found) == limit:
            emit(f"Chỉ {limit} sự kiện cuối: --limit, --since. / Only the last {limit}: --limit, --since.")
    if exit_code and found:
        sys.exit(FOUND)


def _perhaps_meant(name: str | None) -> list[str]:
    """Where no event that this version writes has such a name: those spelt like it."""
    known = {each.removesuffix(".*") for each in NAMES}
    known |= {each.partition(".")[0] for each in known}
    if name is None or name in known or name.startswith("directory."):
        return []
    near = ", ".join(difflib.get_close_matches(name, sorted(known)))
    vi, en = (f": {near}?", f": {near}?") if near else (".", ".")
    return [f"Không có tên sự kiện “{name}”{vi} / No event is named “{name}”{en}"]


def _follow(store: Store, found: Sequence[Event], *, name: str | None, after: int, as_json: bool) -> None:
    """`after`: the number of the last event of any name, before these were read."""
    last, coming = 0 if found else after, found[::-1]
    try:
        while True:
            for each in coming:
                if as_json:
                    emit_json_line(plain(each))
                else:
                    emit(*lines(each))
                last = max(last, each.number)
            coming = events_after(store, last, limit=AT_ONCE, name=name)
            if not coming:
                time.sleep(LOOK)
    except KeyboardInterrupt:
        return


def lines(event: Event) -> list[str]:
    """An event for people: when and what; then, indented, the details, what it is about, and who must act."""
    words = words_of(event.name)
    at = f"{event.at.astimezone(VIETNAM):%Y-%m-%d %H:%M:%S}+07"
    about = event.document.id if event.document else event.message
    more = [event.detail, about, advice_of(event)]
    said = event.name if words.vi == event.name else f"{event.name}: {words.vi} / {words.en}"
    return [f"{at}  {said}", *(f"    {each}" for each in more if each)]


def plain(event: Event) -> dict[str, Any]:
    """An event for programs."""
    words = words_of(event.name)
    facts: dict[str, Any] = {"at": event.at, "name": event.name, "vi": words.vi, "en": words.en}
    facts |= {"message": event.message, "detail": event.detail}
    return facts | ({"document": event.document.id} if event.document else {})
