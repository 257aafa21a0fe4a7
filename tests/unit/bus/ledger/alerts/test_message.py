"""One message for all alerts of a cause."""

from datetime import timedelta
from pathlib import Path

from bus.ledger.alerts.keep import ENDS_AFTER, latest_alerts, open_alerts
from bus.ledger.alerts.message import SHOWN, message
from tests.unit.bus.ledger.alerts.alerts_world import NOW, Tables, overdue


def test_a_message_says_what_since_when_who_and_what_to_do(tmp_path: Path) -> None:
    """In both languages, and where to look."""
    tables = Tables(tmp_path)
    tables.look(overdue())
    with tables.reading() as connection:
        said = message("raised", open_alerts(connection))
    assert said.title == "[Liên thông] CẢNH BÁO · ALERT: Việc quá hạn · Overdue"
    assert said.text == (
        "CẢNH BÁO · ALERT: Việc quá hạn · Overdue\n"
        "\n"
        "- Đơn vị H29: 3 việc quá hạn, lâu nhất từ 2026-11-28 10:00 +07 (từ 2026-11-30 10:00 +07)\n"
        "  Agency H29: 3 obligations overdue, the oldest since 2026-11-28 10:00 +07 (since 2026-11-30 10:00 +07)\n"
        "\n"
        "Ai xử lý · who must act: nơi nhận · recipient\n"
        "Việc cần làm: Đơn vị đó xem việc mình nợ: lienthong obligations ĐƠN-VỊ.\n"
        "Next step: That agency looks at what it owes: lienthong obligations AGENCY.\n"
        "\n"
        "lienthong alerts show 1"
    )


def test_an_end_says_until_when(tmp_path: Path) -> None:
    """And no next step: there is none."""
    tables = Tables(tmp_path)
    tables.look(overdue())
    tables.look(at=NOW + ENDS_AFTER)
    with tables.reading() as connection:
        said = message("ended", latest_alerts(connection, limit=1))
    assert said.title == "[Liên thông] ĐÃ HẾT · ENDED: Việc quá hạn · Overdue"
    assert "until 2026-11-30 10:10 +07" in said.text
    assert "Next step" not in said.text
    assert said.facts["alerts"][0]["ended"] == (NOW + ENDS_AFTER).isoformat()


def test_many_alerts_are_one_message(tmp_path: Path) -> None:
    """It names some of them and counts the others; as data it has all."""
    tables = Tables(tmp_path)
    tables.look(*(overdue(f"H{number}") for number in range(SHOWN + 7)))
    with tables.reading() as connection:
        said = message("raised", open_alerts(connection))
    assert said.title.endswith(f"({SHOWN + 7})")
    assert "… +7\n" in said.text
    assert len(said.facts["alerts"]) == SHOWN + 7


def test_the_data_tell_what_the_words_tell(tmp_path: Path) -> None:
    """For programs: cause, who acts, and of each alert its number, subject and facts."""
    tables = Tables(tmp_path)
    (number,) = tables.look(overdue()).begun
    with tables.reading() as connection:
        facts = message("raised", open_alerts(connection)).facts
    assert (facts["what"], facts["cause"], facts["who"], facts["grave"]) == ("raised", "overdue", "recipient", False)
    (alert,) = facts["alerts"]
    assert (alert["number"], alert["subject"], alert["since"]) == (number, "H29", NOW.isoformat())
    assert alert["facts"]["count"] == 3
    assert timedelta(0) == NOW.utcoffset()
