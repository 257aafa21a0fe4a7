"""The statements over `alert`, `silence` and `notice`: each with a name and a sentence. Values are bound; times are
microseconds."""

from typing import Final

from sqlalchemy import Integer, bindparam, delete, exists, func, insert, null, select, update

from bus.ledger.tables import alert, notice, silence

ANY: Final = "*"
"""Of a silence: every cause, every subject."""
RAISED, ENDED = "raised", "ended"
"""What a notice says."""

_a, _s, _n = alert.c, silence.c, notice.c

_COLUMNS = (_a.number, _a.cause, _a.subject, _a.since, _a.last_at, _a.ended_at, _a.facts)

OPEN = select(*_COLUMNS).where(_a.ended_at.is_(None)).order_by(_a.number)
"""All that have not ended, oldest first."""

ONE = select(*_COLUMNS).where(_a.number == bindparam("number"))
"""One by its number."""

LATEST = (
    select(*_COLUMNS)
    .where(_a.number < bindparam("before"))
    .order_by(_a.number.desc())
    .limit(bindparam("limit", type_=Integer))
)
"""Open and ended, newest first, from a number on."""

BEGIN = insert(alert).returning(_a.number)
"""One begins. Its number."""

AGAIN = update(alert).where(_a.number == bindparam("which")).values(last_at=bindparam("at"), facts=bindparam("told"))
"""One was found again, with these facts."""

END = update(alert).where(_a.number == bindparam("which")).values(ended_at=bindparam("at"))
"""One was not found for long enough."""

FORGET_ALERTS = delete(alert).where(_a.ended_at < bindparam("before"))
"""Those that ended before."""

FORGET_NOTICES = delete(notice).where(~exists().where(_a.number == _n.alert))
"""Notices of alerts that are forgotten."""

SILENCE = insert(silence).returning(_s.number)
"""One is silenced. The silence's number."""

SILENCES = (
    select(_s.number, _s.cause, _s.subject, _s.reason, _s.by, _s.begins_at, _s.ends_at)
    .where(_s.ends_at > bindparam("after"))
    .order_by(_s.ends_at, _s.number)
)
"""Silences that end later, the soonest first."""

END_SILENCE = (
    update(silence).where(_s.number == bindparam("which"), _s.ends_at > bindparam("at")).values(ends_at=bindparam("at"))
)
"""One ends now, before its time."""

# -- notices -----------------------------------------------------------------------------------------------------------

NOTED = select(_n.alert, _n.channel).join(alert, _a.number == _n.alert).where(_a.ended_at.is_(None), _n.what == RAISED)
"""Of which open alerts which channel was given word."""

_other = notice.alias("other")

UNENDED = (
    select(_n.alert, _n.channel)
    .join(alert, _a.number == _n.alert)
    .where(
        _a.ended_at.is_not(None),
        _n.what == RAISED,
        _n.sent_at.is_not(None),
        ~exists().where(_other.c.alert == _n.alert, _other.c.channel == _n.channel, _other.c.what == ENDED),
    )
)
"""Whoever took word of an alert that has ended since, and was not told of the end."""

NOTE = insert(notice)
"""One waits to be sent."""

DUE = (
    select(
        _n.number,
        _n.alert,
        _n.what,
        _n.channel,
        _n.attempts,
        _a.cause,
        _a.subject,
        _a.since,
        _a.last_at,
        _a.ended_at,
        _a.facts,
    )
    .join(alert, _a.number == _n.alert)
    .where(_n.next_at <= bindparam("now"))
    .order_by(_n.channel, _n.what.desc(), _n.number)
    .limit(bindparam("limit", type_=Integer))
)
"""What is to be sent by now, with its alert."""

SENT = (
    update(notice)
    .where(_n.number == bindparam("which"))
    .values(sent_at=bindparam("at"), next_at=null(), attempts=_n.attempts + 1, error=null())
)
"""One was taken by its channel."""

FAILED = (
    update(notice)
    .where(_n.number == bindparam("which"))
    .values(next_at=bindparam("later"), attempts=_n.attempts + 1, error=bindparam("why"))
)
"""One was not: when it is tried again, or never."""

CALL_OFF = (
    update(notice).where(_n.alert == bindparam("which"), _n.what == RAISED, _n.sent_at.is_(None)).values(next_at=null())
)
"""The alert ended before its channel took the word of it: nobody is told any more."""

WAITING = select(func.count()).select_from(notice).where(_n.next_at.is_not(None))
"""How many wait to be sent."""

OF_ALERT = (
    select(_n.what, _n.channel, _n.attempts, _n.next_at, _n.sent_at, _n.error)
    .where(_n.alert == bindparam("which"))
    .order_by(_n.number)
)
"""The notices of one alert."""
