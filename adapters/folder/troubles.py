"""What waits in the folders and does not go on by itself: what was met in sending, and what a look finds there."""

import contextlib
import errno
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from adapters.folder import client
from adapters.folder.faults import away, reason, words
from adapters.folder.outgoing import Fault, Outgoing
from adapters.folder.refs import OUTGOING, STATUSES
from adapters.folder.waiting import NAMED, WAITS, look
from bus.errors import BusError, NotReadable, NotTaken, RefusedNotMoved, SentNotMoved, Words
from bus.ports import Answer, Trouble

_MEND = Words("Sửa chỗ vướng; gói được thử lại mãi.", "Mend that; the package is tried again and again.")


class Troubles:
    def __init__(self, root: Path, outgoing: Outgoing) -> None:
        self._root = root
        self._outgoing = outgoing
        self._away: dict[str, float] = {}
        """Since when each folder cannot be read."""
        self._seen: dict[tuple[str, float], float] = {}
        """When each file was first seen in its state, by our clock: the disk's may differ."""

    def lasting(self, now: float) -> list[Trouble]:
        """Returns what has waited for longer than `WAITS`, the oldest first."""
        self._outgoing.forget_what_is_gone()
        found = self._met(now - WAITS)
        before, self._seen = self._seen, {}
        for folder in (OUTGOING, STATUSES):
            try:
                looked = list(islice(look(folder, self._root / folder, user=client.user()), NAMED))
            except OSError as exc:
                since = self._away.setdefault(folder, now)
                if now - since >= WAITS:
                    found[f"{folder}/"] = Trouble(ref=f"{folder}/", since=_moment(since), error=away(exc))
                continue
            self._away.pop(folder, None)
            for each in looked:
                key = (each.ref, each.changed_at)
                first = self._seen[key] = before.get(key, now)
                since = min(first, each.changed_at)
                if now - since >= WAITS:
                    found.setdefault(each.ref, Trouble(ref=each.ref, since=_moment(since), error=each.error))
        return _sorted(found)

    def by_now(self, now: float, *, quiet: float, for_owner: bool) -> list[Trouble]:
        """Returns what is wrong already, without waiting for a minute; but a file that somebody may be writing. A
        folder that cannot be read is check.py's."""
        found = self._met(now)
        for folder in (OUTGOING, STATUSES):
            with contextlib.suppress(OSError):
                for each in islice(look(folder, self._root / folder, user=client.user(), for_owner=for_owner), NAMED):
                    age = now - each.changed_at
                    if age >= (WAITS if each.is_temporary else quiet) or age < -WAITS:
                        at = _moment(each.changed_at)
                        found.setdefault(each.ref, Trouble(ref=each.ref, since=at, error=each.error))
        return _sorted(found)

    def _met(self, until: float) -> dict[str, Trouble]:
        """Returns what was met in sending, by what people call the file."""
        found: dict[str, Trouble] = {}
        for ref, fault in list(self._outgoing.faults.items()):
            if fault.since <= until:
                path = ref.rpartition("#")[0]
                error = _error(path, fault, self._outgoing.answer_to(ref))
                found[path] = Trouble(ref=path, since=_moment(fault.since), error=error)
        return found


def _error(path: str, fault: Fault, answer: Answer | None) -> BusError:
    if isinstance(fault.error, BusError):
        return fault.error
    why = words(fault.error)
    if answer is None:
        if fault.error.errno in (errno.EACCES, errno.EPERM):
            return NotReadable(path=path, why=reason(fault.error), user=client.user())
        return NotTaken(path=path, why=why, do=_MEND)
    if answer.error is None:
        return SentNotMoved(path=path, message=answer.message, why=why)
    return RefusedNotMoved(path=path, refusal=answer.error.in_both(), why=why)


def _sorted(found: dict[str, Trouble]) -> list[Trouble]:
    return sorted(found.values(), key=lambda trouble: (trouble.since, trouble.ref))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
