import pytest

from tests.unit.bus.console.visitor import Visitor

URL = "/api/v1/documents"


@pytest.mark.parametrize(
    ("who", "query", "expected"),
    [
        ("supervisor", "text=12/QĐ-UBND", [1]),
        ("supervisor", "text=12/qd-ubnd", [1]),
        ("supervisor", "text=12", [3, 1]),
        ("supervisor", "text=12&sender=H53", [3]),
        ("supervisor", "text=12&issued_on=2026-11-01&agency=G22", [1]),
        ("supervisor", "text=nothing", []),
        ("H53", "text=5/cv-d", [5]),
        ("stranger", "text=12", []),
        ("nobody", "text=12", []),
    ],
)
def test_a_document_is_found(reader: Visitor, who: str, query: str, expected: list[int]) -> None:
    """By number and notation, marks or none; an agency finds its own."""
    answer = reader.get(f"{URL}?{query}", who).json()
    assert [row["document"]["number"] for row in answer["rows"]] == expected
    (row,) = reader.log()
    assert (row.what, row.found) == ("documents.find", len(expected))


def test_a_recipient_is_told_where_it_stands_itself(reader: Visitor) -> None:
    """Not where the others do."""
    (found,) = reader.get(f"{URL}?text=5/cv-d", "H53").json()["rows"]
    assert found["standing"] == {"not-taken": 1}
    assert found["recipients"] == 1


@pytest.mark.parametrize("end", ["recipient", "agency"])
@pytest.mark.parametrize(
    ("who", "code", "expected"),
    [("H53", "G22", []), ("H53", "H53", [1]), ("H49", "G22", [1]), ("supervisor", "G22", [1])],
)
def test_a_recipient_cannot_ask_who_else_received_it(
    reader: Visitor, end: str, who: str, code: str, expected: list[int]
) -> None:
    """Not by a filter either, which would find it or not; its sender can."""
    answer = reader.get(f"{URL}?text=12/qd-ubnd&{end}={code}", who).json()
    assert [row["document"]["number"] for row in answer["rows"]] == expected


def test_there_are_more(reader: Visitor) -> None:
    """It says so."""
    answer = reader.get(f"{URL}?text=H49&limit=2").json()
    assert len(answer["rows"]) == 2
    assert answer["more"] is True


def test_a_lifeline_tells_all_of_it(reader: Visitor) -> None:
    """Every recipient, what is owed, every message with its receipts and whether its signature stands."""
    answer = reader.get(f"{URL}/1", "H49").json()
    assert [each["agency"] for each in answer["deliveries"]] == ["G22", "H53"]
    assert {each["clock"] for each in answer["obligations"]} == {"acknowledge", "finish"}
    document, status = answer["hops"]
    assert (document["kind"], document["genuine"], document["recipients"]) == ("document", True, ["H53", "G22"])
    assert sorted(each["mailbox"] for each in document["receipts"]) == ["G22", "H53"]
    assert {each["proof"] for each in document["receipts"]} == {"not-kept"}
    assert [each["turn"]["missing"] for each in answer["deliveries"]] == ["receipt", "handling"]
    assert answer["strangers"] == []
    assert (status["kind"], status["status"], status["standing"], status["genuine"]) == (
        "status",
        "03",
        "bad-signature",
        False,
    )
    (row,) = reader.log()
    assert (row.what, row.found) == ("documents.show", 1)
    assert "12/Q" in row.subject


def test_a_recipient_sees_its_own_of_a_lifeline(reader: Visitor) -> None:
    """No other recipient, not even as an address."""
    answer = reader.get(f"{URL}/1", "H53")
    assert [each["agency"] for each in answer.json()["deliveries"]] == ["H53"]
    assert {each["debtor"] for each in answer.json()["obligations"]} == {"H53"}
    assert [hop["recipients"] for hop in answer.json()["hops"]] == [["H53"], []]
    assert [each["mailbox"] for each in answer.json()["hops"][0]["receipts"]] == ["H53"]
    assert "G22" not in answer.text


@pytest.mark.parametrize(("who", "number"), [("stranger", 1), ("nobody", 1), ("H53", 2), ("supervisor", 99)])
def test_what_one_may_not_know_of_is_not_there(reader: Visitor, who: str, number: int) -> None:
    """As what is not there; that somebody tried is recorded."""
    answer = reader.get(f"{URL}/{number}", who)
    assert answer.status_code == 404
    assert f"There is no /documents/{number}." in answer.json()["detail"]
    (row,) = reader.log()
    assert (row.what, row.found) == ("documents.show", 0)


@pytest.mark.parametrize("path", ["/0", "/-1", "/x", "/9223372036854775808", "/1.5", "?text=", "", "?text=a%00b"])
def test_what_is_no_document_is_not_understood(reader: Visitor, path: str) -> None:
    """A number of this ledger is a whole one; nothing is looked for by nothing."""
    assert reader.get(f"{URL}{path}").status_code == 422
