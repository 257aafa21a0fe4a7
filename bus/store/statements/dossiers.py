"""Statements over dossiers, the history of statuses, and events."""

from typing import Final

from sqlalchemy import BigInteger, Integer, bindparam, exists, null, or_, select, union

from bus.handling.statuses import Change, Handling, is_awaited
from bus.ports.records import Box
from bus.store.sql.batches import Lookup, batch
from bus.store.tables import dossier, event, inbox, outbox, status
from schemas.codes import StatusCode

_d, _s, _e = dossier.c, status.c, event.c
_limit = bindparam("limit", type_=Integer)

# -- dossiers ----------------------------------------------------------------------------------------------------------

# For three columns IN a list of triples SQLite reads the whole table; these two lists are looked up in the primary key.
BY_KEYS: Final = Lookup(
    lambda among: select(dossier).where(
        among(_d.issuer, "issuers"),
        among(_d.document, "documents"),
        # Not the plain column: each of a circular's thousands is passed over in the database, and none looked up.
        among(_d.handler + "", "handlers"),
    )
)
"""The dossiers of these issuers, documents and handlers: all that are asked for, and perhaps others."""

# Sorted in Python: for an ORDER BY on the key SQLite would walk all documents of the issuer.
_of_issuer = select(dossier).where(_d.issuer == bindparam("the_issuer"))

BY_DOCUMENT: Final = _of_issuer.where(_d.document == bindparam("the_document"))
"""The dossiers of one document, by its id as it is written."""

BY_FORM: Final = _of_issuer.where(_d.document_form == bindparam("the_form"))
"""The dossiers of one document, by the normal form of its id."""

BY_CODE: Final = _of_issuer.where(_d.code_form == bindparam("the_code"), _d.issued_on == bindparam("the_date"))
"""The dossiers of one document, by the normal form of its number and its date."""

AWAITED: Final = (
    select(dossier)
    .where(_d.watched <= bindparam("near"), or_(_d.told.is_(None), _d.watched <= bindparam("past")))
    .order_by(_d.watched)
    .limit(_limit)
)
"""The dossiers whose deadline is near and of which nothing was said yet, or is past and not all was said."""

NAMED: Final = union(
    select(_d.document_form, _d.code_form).where(
        or_(
            _d.document_form.like(bindparam("document"), escape="\\"), _d.code_form.like(bindparam("code"), escape="\\")
        )
    ),
    *(
        select(box.c.document, null()).where(box.c.document.like(bindparam("document"), escape="\\")).distinct()
        for box in (outbox, inbox)
    ),
)
"""The forms of ids and numbers like these; of what has no dossier yet, of ids."""

AWAITING: Final = (
    or_(_d.state.is_(None), _d.state.in_([str(each) for each in StatusCode if is_awaited(Handling(state=each))])),
    _d.change.in_([str(each) for each in Change if is_awaited(Handling(change=each))]),
    _d.withdrawn.is_(False),
)
"""That its sender still waits for a first word: `is_awaited`."""

OF_BOX: Final = {
    box: select(dossier).where(exists().where(table.c.document == _d.document_form)).order_by(_d.updated_at.desc())
    for box, table in ((Box.OUT, outbox), (Box.IN, inbox))
}
"""The dossiers of what a box has sent or received, the last changed first; operators narrow it down."""

CHANGE: Final = batch(
    dossier,
    key=("issuer", "document", "handler"),
    each="""
        UPDATE dossier SET
            state = :state, change = :change, withdrawn = :withdrawn, code = :code, issued_on = :issued_on,
            updated_at = :updated_at, ref = :ref, document_form = :document_form, code_form = :code_form,
            priority = :priority, due_on = :due_on, told = :told, watched = :watched
        WHERE issuer = :issuer AND document = :document AND handler = :handler
    """,
    arrays="""
        UPDATE dossier SET
            state = given.state, change = given.change, withdrawn = given.withdrawn, code = given.code,
            issued_on = given.issued_on, updated_at = given.updated_at, ref = given.ref,
            document_form = given.document_form, code_form = given.code_form, priority = given.priority,
            due_on = given.due_on, told = given.told, watched = given.watched
        FROM unnest(
            :issuer, :document, :handler, :state, :change, :withdrawn, :code, :issued_on, :updated_at, :ref,
            :document_form, :code_form, :priority, :due_on, :told, :watched
        ) AS given (
            issuer, document, handler, state, change, withdrawn, code, issued_on, updated_at, ref,
            document_form, code_form, priority, due_on, told, watched
        )
        WHERE dossier.issuer = given.issuer AND dossier.document = given.document AND dossier.handler = given.handler
    """,
)
"""Replaces a dossier."""

# -- history -----------------------------------------------------------------------------------------------------------

STATUSES: Final = (
    select(status)
    .where(_s.document_form == bindparam("the_form"), _s.issuer == bindparam("the_issuer"))
    .order_by(_s.number)
)
"""The statuses of one document, in the order they were recorded."""

EVENTS: Final = (
    select(event)
    .where(
        or_(
            _e.document_form == bindparam("the_form"),
            _e.message.in_(select(outbox.c.message).where(outbox.c.document == bindparam("the_form"))),
            _e.message.in_(select(inbox.c.message).where(inbox.c.document == bindparam("the_form"))),
        )
    )
    .order_by(_e.at, _e.number)
)
"""What happened to one document, or to a message that carries it."""

RECENT_EVENTS: Final = select(event).order_by(_e.number.desc()).limit(_limit)
"""What happened last."""

EVENTS_AFTER: Final = (
    select(event).where(_e.number > bindparam("number", type_=BigInteger)).order_by(_e.number).limit(_limit)
)
"""What happened since, in its order."""
