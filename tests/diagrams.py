"""The diagrams of bus/README.md, drawn from the tables of bus/handling/transport.py. `python -m tests.diagrams` puts
them between their two marks; tests/unit/bus/handling/test_transport.py compares."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from bus.handling.transport import INBOX, INBOX_FINISHED, OUTBOX, OUTBOX_FINISHED, InboxEvent, OutboxEvent, State

README: Final = Path(__file__).parents[1] / "bus" / "README.md"
BEGIN: Final = "<!-- transport:begin -->\n"
END: Final = "<!-- transport:end -->\n"


def diagrams() -> str:
    outbox = _drawn(((row.before, row.event, row.after) for row in OUTBOX), ends=OUTBOX_FINISHED)
    inbox = _drawn(((row.before, row.event, row.after) for row in INBOX), ends=INBOX_FINISHED)
    return f"\nAn outbox entry:\n\n{outbox}\nAn inbox entry:\n\n{inbox}\n"


def _drawn(rows: Iterable[tuple[State | None, OutboxEvent | InboxEvent, State]], *, ends: Iterable[State]) -> str:
    """One arrow for each two states, with all that leads from one to the other."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for before, event, after in rows:
        arrows.setdefault((before or "[*]", after), []).append(event)
    lines = [f"    {before} --> {after}: {', '.join(events)}" for (before, after), events in arrows.items()]
    lines += [f"    {state} --> [*]" for state in sorted(ends)]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```", ""])


def between(text: str) -> str:
    return text.partition(BEGIN)[2].partition(END)[0]


if __name__ == "__main__":
    text = README.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    README.write_text(f"{before}{BEGIN}{diagrams()}{END}{rest.partition(END)[2]}", "utf-8")
