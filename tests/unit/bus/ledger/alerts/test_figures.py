"""The figures of the ledger's own record."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from bus.ledger.alerts import figures
from bus.ledger.alerts.figures import Owed, Owing, Unproven
from schemas.codes import BusinessType, Kind
from schemas.docket import Address, Blob, Docket, DocumentKey, SealedContent
from schemas.values import MessageId
from tests.unit.bus.ledger.alerts.alerts_world import NOW, Tables
from tests.unit.bus.ledger.alerts.figures_world import DAY, put_day, put_delivery, put_event, put_obligation

HOUR = timedelta(hours=1)


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)


def docket(message: str = "m1", *, blobs: bool = False) -> Docket:
    return Docket(
        id=MessageId(message),
        kind=Kind.DOCUMENT,
        sender=Address(agency="H30", mailbox="H30"),
        recipients=(Address(agency="H29.01", mailbox="H29"),),
        created_at=NOW,
        document=DocumentKey(issuer="H30", id=f"H30,2026/11/30,{message}"),
        business_type=BusinessType.NEW,
        attachments=1,
        blobs=(Blob(attachment=1, id="0" * 32, size=1, segments=1, sha256="0" * 64),) if blobs else None,
        content=SealedContent(size=1, sha256="0" * 64),
    )


def ids(*messages: str) -> list[MessageId]:
    return list(map(MessageId, messages))


def test_what_does_not_stand_is_counted_by_publisher_and_reason(tables: Tables) -> None:
    """Of the span that is asked for; what stands is not counted."""
    for publisher, standing, at in (
        ("H29", "bad-signature", NOW),
        ("H29", "bad-signature", NOW - HOUR),
        ("H29", "untrusted", NOW - 2 * HOUR),
        ("H29", "genuine", NOW),
        ("H30", "bad-signature", NOW - 2 * DAY),
    ):
        put_event(tables, publisher=publisher, standing=standing, at=at)
    with tables.reading() as connection:
        assert figures.unproven(connection, since=NOW - DAY) == [
            Unproven("H29", "bad-signature", 2, NOW),
            Unproven("H29", "untrusted", 1, NOW - 2 * HOUR),
        ]


@pytest.mark.parametrize(
    ("columns", "waits"),
    [
        ({}, True),
        ({"outcome": "held"}, False),
        ({"outcome": "refused"}, False),
        ({"state": "03"}, False),  # its receipt was lost, and it is being handled
        ({"withdrawn": True}, False),
    ],
)
def test_a_document_waits_for_its_receipt(tables: Tables, columns: dict[str, Any], *, waits: bool) -> None:
    """Until anything says that its recipient has it, or will not have it."""
    put_delivery(tables, docket(), at=NOW - DAY, **columns)
    with tables.reading() as connection:
        found = figures.unreceipted(connection, before=NOW, now=NOW)
    assert [each.mailbox for each in found] == (["H29"] if waits else [])


def test_the_oldest_waits_longest(tables: Tables) -> None:
    """What is newer than asked for, or has expired, waits for nobody."""
    put_delivery(tables, docket("m1"), at=NOW - DAY)
    put_delivery(tables, docket("m2"), at=NOW - 2 * DAY)
    put_delivery(tables, docket("m3"), at=NOW - HOUR)
    put_delivery(tables, docket("m4"), at=NOW - 3 * DAY, expires_at=NOW - DAY)
    with tables.reading() as connection:
        found = figures.unreceipted(connection, before=NOW - 2 * HOUR, now=NOW)
    assert [(each.message, each.sent_at) for each in found] == [("m2", NOW - 2 * DAY), ("m1", NOW - DAY)]


def test_what_travels_apart_is_known_by_its_docket(tables: Tables) -> None:
    """Of as many as there are."""
    put_delivery(tables, docket("small"), at=NOW)
    put_delivery(tables, docket("large", blobs=True), at=NOW)
    with tables.reading() as connection:
        assert figures.with_blobs(connection, ids("small", "large", "unknown")) == {"large"}
        assert figures.with_blobs(connection, ids(*(f"m{number}" for number in range(1200)), "large")) == {"large"}


def test_what_is_overdue_is_counted_by_who_owes_it(tables: Tables) -> None:
    """Only what is open, has a limit, and is past it."""
    put_obligation(tables, "H29", NOW - DAY)
    put_obligation(tables, "H29", NOW - 3 * DAY, provisional=True)
    put_obligation(tables, "H29", NOW + DAY)
    put_obligation(tables, "H29", None)
    put_obligation(tables, "H31", NOW - DAY, open=False)
    with tables.reading() as connection:
        assert figures.overdue(connection, now=NOW) == [Owed("H29", 2, NOW - 3 * DAY)]
        assert figures.owing(connection, now=NOW) == Owing(open=4, overdue=2, provisional=1)


def test_nothing_owed_is_zero(tables: Tables) -> None:
    """A ledger on its first day."""
    with tables.reading() as connection:
        assert figures.owing(connection, now=NOW) == Owing(0, 0, 0)


def test_a_measure_is_read_by_day_and_detail(tables: Tables) -> None:
    """Of the days that are asked for."""
    monday = date(2026, 11, 30)
    put_day(tables, "H29", monday, "refused", 3, "02")
    put_day(tables, "H29", monday, "refused", 1, "expired")
    put_day(tables, "H29", monday - DAY, "refused", 9, "02")
    put_day(tables, "H29", monday, "received", 20)
    with tables.reading() as connection:
        assert figures.by_day(connection, "refused", [monday]) == {"H29": {(monday, "02"): 3, (monday, "expired"): 1}}
