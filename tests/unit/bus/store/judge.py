"""Whether a recovery said the truth: every row of before is there as it was, or counted and named; and nothing else."""

from typing import Any

from bus.store.losses import Losses, Remedy
from bus.store.maintenance import RECOVERED
from bus.store.rebuild import ANEW
from schemas.docket import Docket
from tests.unit.bus.store.filled import Rows

_FORGIVEN = {
    "outbox_body": {"kept_key"},
    "inbox_transfer": {"done", "mark"},
    "inbox_segment": {"data"},
    "outbox_transfer": {"done", "kind", "mark", "finished_at"},
    "outbox_blob": {"sequence", "begun_at"},
    "inbox_blob": {"sequence", "begun_at"},
    "outbox_recipient": {"size", "outcome", "at", "blobs", "confirmed"},
}
"""What may differ in a row that is kept: it follows from an entry that was cancelled, or is asked for again; segments
that were still being fetched are fetched anew, and proven then."""


def judge(before: Rows, after: Rows, losses: Losses) -> list[str]:
    """What the report does not say, or says wrongly; empty where it is the truth."""
    found: list[str] = []
    for table, rows in before.items():
        there = {key: row for key, row in after[table].items() if row.get("name") != RECOVERED}
        gone, strange = rows.keys() - there.keys(), there.keys() - rows.keys()
        told, at_most = losses.lost.get(table, 0), losses.lost.get(table, 0) + losses.perhaps.get(table, 0)
        if strange:
            found.append(f"{table}: {len(strange)} rows that never were: {sorted(strange)[:2]}")
        if not told <= len(gone) <= at_most and table not in losses.open_ended:
            found.append(f"{table}: {len(gone)} rows are gone, {told} to {at_most} are told")
        changed = {key for key in rows.keys() & there.keys() if _differ(table, rows[key], there[key])}
        if table in {"outbox", "inbox"}:
            found += _entries(table, rows, there, gone, changed, losses)
        elif table == "outbox_segment" and losses.lost.get("outbox"):
            continue  # of an entry that is lost: nobody reads it again
        elif len(changed) > losses.made.get(table, 0):
            example = next(iter(changed))
            found.append(
                f"{table}: {len(changed)} rows are others: {str(rows[example])[:300]} {str(there[example])[:300]}"
            )
    return found


def _differ(table: str, one: dict[str, Any], other: dict[str, Any]) -> bool:
    return any(one[name] != other[name] for name in one if name not in _FORGIVEN.get(table, ()))


def _entries(table: str, rows: Any, there: Any, gone: Any, changed: Any, losses: Losses) -> list[str]:
    found = []
    named = {each.message: each for each in losses.messages if each.box == table}
    nameless = sum(1 for each in losses.messages if each.box == table and each.message is None)
    for key in gone:
        row = rows[key]
        each = named.get(row["message"])
        if each is None and nameless:
            nameless -= 1  # counted, under its number alone
        elif each is None and not (losses.perhaps.get(table) or table in losses.open_ended):
            found.append(f"{table}: {row['message']} ({row['state']}) is gone and not named")
        elif each and each.state and each.state != row["state"]:
            found.append(f"{table}: {row['message']} was {row['state']}, and is told as {each.state}")
        window = losses.replay if table == "inbox" else losses.resend
        made_at = Docket.from_kept(row["docket"]).created_at
        if each and each.remedy is not Remedy.NONE and not (window and window.since <= made_at <= window.until):
            found.append(f"{table}: {row['message']} is outside of {window}")
    for key in changed:
        row = there[key]
        if not str(row["error"]).startswith(ANEW) and row["message"] not in named:
            found.append(f"{table}: {row['message']} is another: {rows[key]} {row}")
        if row["error"] == ANEW and row["state"] != rows[key]["state"]:
            found.append(f"{table}: {row['message']} was {rows[key]['state']}, and is made anew as {row['state']}")
    return found
