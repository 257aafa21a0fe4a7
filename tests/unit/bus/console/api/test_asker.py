from tests.unit.bus.console.visitor import Visitor


def test_one_is_told_who_one_is(visitor: Visitor) -> None:
    """And whose documents one sees; nothing is shown, and nothing recorded."""
    assert visitor.get("/api/v1/me", "H49").json() == {
        "name": "Quảng Ninh",
        "role": "agency",
        "agencies": ["H49"],
        "rights": ["documents", "obligations", "reports"],
    }
    assert visitor.get("/api/v1/me", "auditor").json()["agencies"] is None
    assert visitor.get("/api/v1/me", "nobody").json()["agencies"] == []
    assert visitor.log() == []
