# ruff: noqa: S608 — names of tables and columns are ours
"""Statements over one set of derived tables: lifelines read and written in bulk, counters added up."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, func, select

from bus.ledger.derived import Derived
from bus.store.sql.batches import Batch, Lookup, batch


@dataclass(frozen=True, slots=True)
class Statements:
    """Of one set of tables."""

    documents: Lookup[Any]
    """Documents by their numbers."""
    deliveries: Lookup[Any]
    """The deliveries of these documents."""
    sizes: Lookup[Any]
    """How many deliveries each of these documents has, where it has any."""
    obligations: Lookup[Any]
    """Their obligations."""
    by_form: Lookup[Any]
    """Number, issuer and id of the documents whose ids look like one of these, marks aside."""
    keep_document: Batch
    keep_delivery: Batch
    keep_obligation: Batch
    drop_delivery: Batch
    drop_obligation: Batch
    drop_document: Batch
    count: Batch
    """Adds to a counter."""
    drop_empty: Batch
    """A counter that is back at nothing is no row."""


@lru_cache(maxsize=8)
def of(tables: Derived) -> Statements:
    document, delivery, obligation, daily = tables.tables
    return Statements(
        documents=Lookup(lambda among: select(document).where(among(document.c.number, "numbers"))),
        deliveries=Lookup(
            lambda among: (
                select(delivery)
                .where(among(delivery.c.document, "numbers"))
                .order_by(delivery.c.document, delivery.c.agency)
            )
        ),
        sizes=Lookup(
            lambda among: (
                select(delivery.c.document, func.count().label("deliveries"))
                .where(among(delivery.c.document, "numbers"))
                .group_by(delivery.c.document)
            )
        ),
        obligations=Lookup(
            lambda among: (
                select(obligation)
                .where(among(obligation.c.document, "numbers"))
                .order_by(obligation.c.document, obligation.c.recipient, obligation.c.clock)
            )
        ),
        by_form=Lookup(
            lambda among: select(document.c.number, document.c.issuer, document.c.document).where(
                among(document.c.form, "forms")
            )
        ),
        keep_document=_upsert(document),
        keep_delivery=_upsert(delivery),
        keep_obligation=_upsert(obligation),
        drop_document=_drop(document),
        drop_delivery=_drop(delivery),
        drop_obligation=_drop(obligation),
        count=_upsert(daily, "amount = {table}.amount + excluded.amount"),
        drop_empty=_drop(daily, "amount = 0"),
    )


def _upsert(table: Table, change: str | None = None) -> Batch:
    """A row is inserted, or takes the place of the one that is there."""
    names = [column.name for column in table.columns]
    key = tuple(column.name for column in table.primary_key.columns)
    values = ", ".join(f":{name}" for name in names)
    change = change or ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
    into = f"INSERT INTO {table.name} ({', '.join(names)})"
    then = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {change.format(table=table.name)}"
    return batch(
        table,
        key=key,
        each=f"{into} VALUES ({values}) {then}",
        arrays=f"{into} SELECT * FROM unnest({values}) AS given {then}",
    )


def _drop(table: Table, only: str = "TRUE") -> Batch:
    """A row by its key."""
    key = tuple(column.name for column in table.primary_key.columns)
    values = ", ".join(f":{name}" for name in key)
    is_it = " AND ".join(f"{name} = :{name}" for name in key)
    return batch(
        table,
        key=(),
        each=f"DELETE FROM {table.name} WHERE {is_it} AND {only}",
        arrays=f"DELETE FROM {table.name} WHERE ({', '.join(key)}) IN (SELECT * FROM unnest({values})) AND {only}",
    )
