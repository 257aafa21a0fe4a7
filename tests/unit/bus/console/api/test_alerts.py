from datetime import timedelta

import pytest

from bus.ledger.alerts.causes import Found, Source
from bus.ledger.alerts.keep import keep, silence
from tests.contract.ledger_rows import NOW
from tests.unit.bus.console.visitor import Visitor

URL = "/api/v1/alerts"
AGO = NOW - timedelta(hours=1)


@pytest.fixture
def watched(visitor: Visitor) -> Visitor:
    """One alert ended, two are open, one of them silenced."""
    with visitor.ledger.writing() as connection:
        cut = Found(cause="stream-cut", subject="audit", facts={"found_at": AGO.isoformat()})
        late = Found(cause="ledger-behind", subject="audit", facts={"behind": {"vi": "5 phút", "en": "5 minutes"}})
        away = Found(cause="stream-recreated", subject="audit", facts={"found_at": AGO.isoformat()})
        keep(connection, [cut], asked=list(Source), now=AGO)
        keep(connection, [late], asked=list(Source), now=AGO + timedelta(minutes=30))
        keep(connection, [late, away], asked=list(Source), now=NOW)
        silence(
            connection,
            cause="stream-recreated",
            reason="đang bảo trì",
            by="trực ban",
            begins_at=AGO,
            ends_at=NOW + timedelta(hours=1),
        )
    return visitor


def test_what_is_wrong_now(watched: Visitor) -> None:
    """Since when, who must act, what to do, in both languages; and what is silenced until when."""
    behind, away = watched.get(URL, "operator").json()["rows"]
    assert (behind["cause"], behind["who"], behind["text"], behind["raised"]) == (
        "ledger-behind",
        "operator",
        "audit: 5 minutes behind",
        True,
    )
    assert behind["text_vi"] == "audit: chậm 5 phút"
    assert behind["do"]
    assert behind["silenced_until"] is None
    assert (away["cause"], away["grave"], away["silenced_until"]) == ("stream-recreated", True, "2026-11-30T03:00:00Z")
    assert watched.log()[0].what == "alerts.list"


def test_what_was_wrong(watched: Visitor) -> None:
    """Newest first, page by page."""
    found, after = [], ""
    while True:
        answer = watched.get(f"{URL}?past=true&limit=1{after}", "auditor").json()
        found += [(row["cause"], row["ended_at"] is None) for row in answer["rows"]]
        if answer["next"] is None:
            break
        after = f"&after={answer['next']}"
    assert found == [("stream-recreated", True), ("ledger-behind", True), ("stream-cut", False)]


def test_what_is_silenced(watched: Visitor) -> None:
    """By whom, why, until when."""
    (row,) = watched.get(f"{URL}/silences", "supervisor").json()["rows"]
    assert (row["cause"], row["subject"], row["reason"], row["by"]) == (
        "stream-recreated",
        "*",
        "đang bảo trì",
        "trực ban",
    )


def test_an_agency_is_told_of_none(watched: Visitor) -> None:
    """They are of the bus, and of others."""
    assert watched.get(URL, "H49").status_code == watched.get(f"{URL}/silences", "H49").status_code == 403
