"""The rules of deploy/alerts, told by promtool as Prometheus would evaluate them, minute by minute."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from yaml import safe_load

from tests.house.vietnamese import english_in

ALERTS = Path(__file__).parents[3] / "deploy/alerts"
RULES = ("recording.yml", "lienthong.yml", "rabbitmq.yml")
BUS = ALERTS.parents[1] / "bus"
WHO = {"sender", "recipient", "operator", "authority"}


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    tool = shutil.which("promtool")
    assert tool, "promtool is missing: deploy/setup.sh installs Debian's package prometheus (setup_prometheus)"
    return subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)


def rules() -> list[dict[str, Any]]:
    groups = [group for file in RULES for group in safe_load((ALERTS / file).read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


ALL = {rule["alert"]: rule for rule in rules() if "alert" in rule}


def tells(tmp_path: Path, alert: str, series: dict[str, str], tests: dict[str, Any]) -> None:
    """Fails with what promtool says, unless this alert is told so. A value of a series is a minute."""
    recorded = [rule for rule in rules() if "record" in rule]
    groups = [{"name": "recorded", "rules": recorded}, {"name": "alert", "rules": [ALL[alert]]}]
    (tmp_path / "rules.json").write_text(json.dumps({"groups": groups}))
    given = [{"series": name, "values": values} for name, values in series.items()]
    told = {
        "rule_files": ["rules.json"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": given, **tests}],
    }
    (tmp_path / "test.json").write_text(json.dumps(told))
    done = promtool("test", "rules", tmp_path / "test.json")
    assert done.returncode == 0, done.stdout + done.stderr


def firing(alert: str, minutes: int, count: int) -> dict[str, Any]:
    expression = f'count by (alertname) (ALERTS{{alertname="{alert}", alertstate="firing"}})'
    samples = [{"labels": f'{{alertname="{alert}"}}', "value": count}] if count else []
    return {"promql_expr_test": [{"expr": expression, "eval_time": f"{minutes}m", "exp_samples": samples}]}


OWED = 'lienthong_ledger_obligations{state="%s"}'
NODE = '{instance="a"}'
ROAD = 'lienthong_road_total{mailbox="H29", step="%s"}'
UNREAD = {
    'rabbitmq_detailed_queue_messages{vhost="/", queue="inbox.H29"}': "3x60",
    'rabbitmq_detailed_queue_consumers{vhost="/", queue="inbox.H29"}': "0x60",
}
IDENTITY = 'rabbitmq_identity_info{rabbitmq_cluster="c", instance="%s"}'

ROWS: list[tuple[str, dict[str, str], int, int]] = [
    # alert, series, minutes, how many fire then
    ("LienthongDown", {'up{job="lienthong", instance="a"}': "0x60"}, 6, 1),
    ("LienthongDown", {'up{job="lienthong", instance="a"}': "0x60"}, 4, 0),
    ("LienthongDown", {'up{job="lienthong", instance="a"}': "1 0 0 0 1x60"}, 30, 0),
    (
        "LienthongLinkDown",
        {'lienthong_link_up{mailbox="H29"}': "0x60", 'lienthong_link_up{mailbox="H30"}': "1x60"},
        6,
        1,
    ),
    ("LienthongLinkDown", {'lienthong_link_up{mailbox="H29"}': "0 0 1x60"}, 30, 0),
    ("LienthongStoreUnreadable", {'lienthong_store_readable{mailbox="H29"}': "0x60"}, 3, 1),
    ("LienthongStoreUnreadable", {'lienthong_store_readable{mailbox="H29"}': "1x60"}, 30, 0),
    ("LienthongLoopFailing", {'lienthong_loop_failing{mailbox="H29", loop="publish"}': "1x60"}, 11, 1),
    ("LienthongLoopFailing", {'lienthong_process_loop_failing{loop="directory"}': "1x60"}, 11, 1),
    ("LienthongLoopFailing", {'lienthong_loop_failing{mailbox="H29", loop="publish"}': "1x5 0x60"}, 30, 0),
    (
        "LienthongThreadEnded",
        {f"lienthong_threads_alive{NODE}": "7x60", f"lienthong_threads_expected{NODE}": "8x60"},
        3,
        1,
    ),
    (
        "LienthongThreadEnded",
        {f"lienthong_threads_alive{NODE}": "8x60", f"lienthong_threads_expected{NODE}": "8x60"},
        30,
        0,
    ),
    ("LienthongWaitsLong", {'lienthong_oldest_waiting_seconds{mailbox="H29", box="outbox"}': "3000+60x60"}, 25, 1),
    ("LienthongWaitsLong", {'lienthong_oldest_waiting_seconds{mailbox="H29", box="outbox"}': "3000+60x60"}, 15, 0),
    ("LienthongParked", {'lienthong_messages{mailbox="H29", box="outbox", state="parked"}': "2x60"}, 17, 1),
    ("LienthongParked", {'lienthong_messages{mailbox="H29", box="outbox", state="waiting"}': "2x60"}, 17, 0),
    ("LienthongEndsSoon", {'lienthong_ends_in_seconds{mailbox="H29", what="directory"}': "1209000x90"}, 61, 1),
    ("LienthongEndsSoon", {'lienthong_ends_in_seconds{mailbox="H29", what="directory"}': "1300000x90"}, 61, 0),
    ("LienthongQuotaNear", {'lienthong_quota_used_ratio{mailbox="H29", side="sent"}': "0.9x60"}, 16, 1),
    ("LienthongQuotaNear", {'lienthong_quota_used_ratio{mailbox="H29", side="sent"}': "0.7x60"}, 16, 0),
    ("LienthongTroubles", {'lienthong_troubles{mailbox="H29"}': "1x60"}, 31, 1),
    ("LienthongTroubles", {'lienthong_troubles{mailbox="H29"}': "0x60"}, 31, 0),
    (
        "LienthongDirectoryLags",
        {'lienthong_directory_version{mailbox="H29"}': "4x90", 'lienthong_directory_version{mailbox="H30"}': "5x90"},
        61,
        1,
    ),
    (
        "LienthongDirectoryLags",
        {
            'lienthong_directory_version{mailbox="H29"}': "4x9 5x90",
            'lienthong_directory_version{mailbox="H30"}': "5x90",
        },
        61,
        0,
    ),
    ("LienthongLogLost", {f"lienthong_log_failing{NODE}": "1x60"}, 6, 1),
    ("LienthongLogLost", {f"lienthong_log_failing{NODE}": "0x60"}, 6, 0),
    ("LienthongRefusesSubmissions", {ROAD % "accepted": "0+1x90", ROAD % "rejected": "0+3x90"}, 61, 1),
    ("LienthongRefusesSubmissions", {ROAD % "accepted": "0+3x90", ROAD % "rejected": "0+1x90"}, 61, 0),
    ("LienthongRefusesSubmissions", {ROAD % "accepted": "5x90", ROAD % "rejected": "5x90"}, 61, 0),
    ("LienthongLedgerDown", {'up{job="lienthong-ledger", instance="a"}': "0x60"}, 6, 1),
    ("LienthongLedgerDown", {'up{job="lienthong-ledger", instance="a"}': "1x60"}, 6, 0),
    ("LienthongLedgerNobodyWorks", {'lienthong_ledger_active{instance="a"}': "0x60"}, 6, 1),
    (
        "LienthongLedgerNobodyWorks",
        {'lienthong_ledger_active{instance="a"}': "0x60", 'lienthong_ledger_active{instance="b"}': "1x60"},
        6,
        0,
    ),
    ("LienthongLedgerBehind", {'lienthong_ledger_behind_seconds{stream="audit"}': "200+60x60"}, 9, 1),
    ("LienthongLedgerBehind", {'lienthong_ledger_behind_seconds{stream="audit"}': "200x60"}, 30, 0),
    ("LienthongLedgerFarBehind", {'lienthong_ledger_behind_seconds{stream="audit"}': "86401x5"}, 1, 1),
    ("LienthongLedgerFarBehind", {'lienthong_ledger_behind_seconds{stream="audit"}': "80000x5"}, 1, 0),
    ("LienthongLedgerCannotRead", {'lienthong_ledger_away{stream="audit"}': "1x60"}, 11, 1),
    ("LienthongLedgerCannotRead", {'lienthong_ledger_away{stream="audit"}': "1x3 0x60"}, 30, 0),
    ("LienthongLedgerCheckpointLost", {'lienthong_ledger_recreated_total{stream="audit"}': "0x5 1x60"}, 30, 1),
    ("LienthongLedgerCheckpointLost", {'lienthong_ledger_cut_total{stream="audit"}': "0x5 1x60"}, 30, 1),
    ("LienthongLedgerCheckpointLost", {'lienthong_ledger_cut_total{stream="audit"}': "1x60"}, 30, 0),
    ("LienthongLedgerUnproven", {'lienthong_ledger_events_total{standing="bad-signature"}': "0x5 2x60"}, 20, 1),
    ("LienthongLedgerUnproven", {'lienthong_ledger_events_total{standing="genuine"}': "0+9x60"}, 20, 0),
    ("LienthongLedgerUnproven", {'lienthong_ledger_events_total{standing="not-folded"}': "0x5 2x60"}, 20, 0),
    ("LienthongLedgerNotFolded", {'lienthong_ledger_events_total{standing="not-folded"}': "0x5 2x60"}, 20, 1),
    ("LienthongLedgerNotFolded", {'lienthong_ledger_events_total{standing="genuine"}': "0+9x60"}, 20, 0),
    ("LienthongLedgerUnreceipted", {"lienthong_ledger_oldest_unreceipted_seconds": "86000+60x60"}, 30, 1),
    ("LienthongLedgerUnreceipted", {"lienthong_ledger_oldest_unreceipted_seconds": "3600x60"}, 30, 0),
    ("LienthongLedgerOverdueShare", {OWED % "open": "10x90", OWED % "overdue": "3x90"}, 62, 1),
    ("LienthongLedgerOverdueShare", {OWED % "open": "10x90", OWED % "overdue": "2x90"}, 62, 0),
    ("LienthongLedgerOverdueShare", {OWED % "open": "0x90", OWED % "overdue": "0x90"}, 62, 0),
    ("LienthongLedgerEndsSoon", {'lienthong_ledger_ends_in_seconds{what="keys"}': "1209000x90"}, 61, 1),
    ("LienthongLedgerEndsSoon", {'lienthong_ledger_ends_in_seconds{what="keys"}': "1300000x90"}, 61, 0),
    ("LienthongCalendarUnconfirmed", {'lienthong_ledger_calendar_unconfirmed{year="2027"}': "1x90"}, 61, 1),
    ("LienthongCalendarUnconfirmed", {'lienthong_ledger_calendar_unconfirmed{year="2027"}': "1x9 _x90"}, 61, 0),
    ("LienthongAlertsNotLooked", {"lienthong_ledger_looked_seconds": "60+60x60"}, 15, 1),
    ("LienthongAlertsNotLooked", {"lienthong_ledger_looked_seconds": "30x60"}, 30, 0),
    ("LienthongAlertsNotSent", {"lienthong_ledger_notices_waiting": "2x60"}, 31, 1),
    ("LienthongAlertsNotSent", {"lienthong_ledger_notices_waiting": "2x9 0x60"}, 31, 0),
    ("RabbitmqDown", {'up{job="rabbitmq", instance="a"}': "0x60"}, 3, 1),
    ("RabbitmqDown", {'up{job="rabbitmq-queues", instance="a"}': "1x60"}, 3, 0),
    (
        "RabbitmqMemoryHigh",
        {
            f"rabbitmq_process_resident_memory_bytes{NODE}": "90x60",
            f"rabbitmq_resident_memory_limit_bytes{NODE}": "100x60",
        },
        6,
        1,
    ),
    (
        "RabbitmqMemoryHigh",
        {
            f"rabbitmq_process_resident_memory_bytes{NODE}": "80x60",
            f"rabbitmq_resident_memory_limit_bytes{NODE}": "100x60",
        },
        6,
        0,
    ),
    ("RabbitmqAlarm", {f"rabbitmq_alarms_free_disk_space_watermark{NODE}": "1x5"}, 1, 1),
    ("RabbitmqAlarm", {f"rabbitmq_alarms_memory_used_watermark{NODE}": "1x5"}, 1, 1),
    ("RabbitmqAlarm", {f"rabbitmq_alarms_file_descriptor_limit{NODE}": "0x5"}, 1, 0),
    (
        "RabbitmqDiskLow",
        {
            f"rabbitmq_disk_space_available_bytes{NODE}": "150x60",
            f"rabbitmq_disk_space_available_limit_bytes{NODE}": "100x60",
        },
        6,
        1,
    ),
    (
        "RabbitmqDiskLow",
        {
            f"rabbitmq_disk_space_available_bytes{NODE}": "250x60",
            f"rabbitmq_disk_space_available_limit_bytes{NODE}": "100x60",
        },
        6,
        0,
    ),
    (
        "RabbitmqDiskFillsUp",  # a thousand minutes to the end, a day has more
        {
            f"rabbitmq_disk_space_available_bytes{NODE}": "2000-1x300",
            f"rabbitmq_disk_space_available_limit_bytes{NODE}": "1000x300",
        },
        90,
        1,
    ),
    (
        "RabbitmqDiskFillsUp",
        {
            f"rabbitmq_disk_space_available_bytes{NODE}": "9000-1x300",
            f"rabbitmq_disk_space_available_limit_bytes{NODE}": "1000x300",
        },
        90,
        0,
    ),
    (
        "RabbitmqDescriptorsHigh",
        {f"rabbitmq_process_open_fds{NODE}": "90x60", f"rabbitmq_process_max_fds{NODE}": "100x60"},
        6,
        1,
    ),
    (
        "RabbitmqDescriptorsHigh",
        {f"rabbitmq_process_open_fds{NODE}": "50x60", f"rabbitmq_process_max_fds{NODE}": "100x60"},
        6,
        0,
    ),
    ("RabbitmqConnectionChurn", {f"rabbitmq_connections_opened_total{NODE}": "0+600x60"}, 21, 1),
    ("RabbitmqConnectionChurn", {f"rabbitmq_channels_opened_total{NODE}": "0+2400x60"}, 21, 1),
    ("RabbitmqConnectionChurn", {f"rabbitmq_connections_opened_total{NODE}": "0+60x60"}, 21, 0),
    ("RabbitmqNodesLost", {IDENTITY % "a": "1x60", IDENTITY % "b": "1x9 _x50"}, 30, 1),
    ("RabbitmqNodesLost", {IDENTITY % "a": "1x60"}, 30, 0),
    ("RabbitmqLinkLost", {'erlang_vm_dist_node_state{instance="a", peer="rabbit@b"}': "1x60"}, 3, 1),
    ("RabbitmqLinkLost", {'erlang_vm_dist_node_state{instance="a", peer="rabbit@b"}': "3x60"}, 3, 0),
    ("RabbitmqUnroutable", {f"rabbitmq_global_messages_unroutable_dropped_total{NODE}": "0+1x60"}, 11, 1),
    ("RabbitmqUnroutable", {f"rabbitmq_global_messages_unroutable_returned_total{NODE}": "0+1x60"}, 11, 1),
    ("RabbitmqUnroutable", {f"rabbitmq_global_messages_unroutable_dropped_total{NODE}": "7x60"}, 11, 0),
    ("LienthongInboxUnread", UNREAD, 7, 1),
    ("LienthongInboxUnread", {name: values.replace("3x", "0x") for name, values in UNREAD.items()}, 7, 0),
    ("LienthongInboxUnread", {name: values.replace("0x", "1x") for name, values in UNREAD.items()}, 7, 0),
    ("LienthongInboxGrows", {'rabbitmq_detailed_queue_messages{queue="inbox.H29"}': "90+9x90"}, 61, 1),
    ("LienthongInboxGrows", {'rabbitmq_detailed_queue_messages{queue="inbox.H29"}': "900-9x90"}, 61, 0),
    ("LienthongDeadLetters", {'rabbitmq_detailed_queue_messages{queue="dead"}': "2x60"}, 7, 1),
    ("LienthongDeadLetters", {'rabbitmq_detailed_queue_messages{queue="dead.H29"}': "2x60"}, 7, 1),
    ("LienthongDeadLetters", {'rabbitmq_detailed_queue_messages{queue="inbox.H29"}': "2x60"}, 7, 0),
]


@pytest.mark.parametrize(
    ("alert", "series", "minutes", "count"), ROWS, ids=[f"{number}-{row[0]}" for number, row in enumerate(ROWS)]
)
def test_an_alert_fires_in_time(tmp_path: Path, alert: str, series: dict[str, str], minutes: int, count: int) -> None:
    """And does not where nothing is wrong, or not for long enough."""
    tells(tmp_path, alert, series, firing(alert, minutes, count))


def test_every_alert_is_told_both_ways() -> None:
    """A rule that cannot fire, or that always does, is none."""
    assert {row[0] for row in ROWS if row[3]} == {row[0] for row in ROWS if not row[3]} == set(ALL)


def test_prometheus_takes_them() -> None:
    """The rules, and the example of a configuration that names them."""
    for done in (
        promtool("check", "rules", *(ALERTS / file for file in RULES)),
        promtool("check", "config", ALERTS / "prometheus.yml"),
    ):
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", sorted(ALL))
def test_an_alert_says_who_acts_and_what_to_do(name: str) -> None:
    """In both languages, without English words in the Vietnamese ones."""
    rule = ALL[name]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["labels"]["who"] in WHO
    assert set(rule["annotations"]) == {"vi", "en", "do_vi", "do_en"}
    told = re.sub(r"\{\{.*?\}\}", "", f"{rule['annotations']['vi']} {rule['annotations']['do_vi']}")
    assert english_in(told) == []


def test_what_is_said_has_its_figures(tmp_path: Path) -> None:
    """A template that Prometheus cannot fill is said as an error by nobody but the reader."""
    alerts = [
        {
            "exp_labels": {
                "mailbox": "H29",
                "severity": "page",
                "who": "recipient",
                "vhost": "/",
                "queue": "inbox.H29",
            },
            "exp_annotations": {
                "vi": "Không ai đọc inbox của H29, thư đang chờ",
                "en": "Nobody reads the inbox of H29, and mail waits",
                "do_vi": "Gọi người vận hành hộp thư đó.",
                "do_en": "Call whoever runs that mailbox.",
            },
        }
    ]
    tests = {"alert_rule_test": [{"eval_time": "10m", "alertname": "LienthongInboxUnread", "exp_alerts": alerts}]}
    tells(tmp_path, "LienthongInboxUnread", UNREAD, tests)
    alerts = [
        {
            "exp_labels": {"severity": "ticket", "who": "recipient"},
            "exp_annotations": {
                "vi": "30% việc đang nợ đã quá hạn",
                "en": "30% of what is owed is overdue",
                "do_vi": "lienthong alerts list --cause overdue nêu đơn vị nào.",
                "do_en": "lienthong alerts list --cause overdue names the agencies.",
            },
        }
    ]
    tests = {
        "alert_rule_test": [{"eval_time": "62m", "alertname": "LienthongLedgerOverdueShare", "exp_alerts": alerts}]
    }
    tells(tmp_path, "LienthongLedgerOverdueShare", {OWED % "open": "10x90", OWED % "overdue": "3x90"}, tests)


def test_our_metrics_are_told_by_our_code() -> None:
    """A metric that is renamed would leave its alert silent for ever."""
    code = "\n".join(path.read_text() for room in ("daemon", "ledger") for path in (BUS / room).rglob("*.py"))
    asked = {name for rule in rules() for name in re.findall(r"\blienthong_\w+", rule["expr"])}
    names = {name.removesuffix("_total") for name in asked}
    missing = {name for name in names if not any(f'"{short}"' in code for short in _short(name))}
    assert missing == set()


def _short(name: str) -> tuple[str, ...]:
    """As the collectors write them: whole, or without what they put before it."""
    return name, name.removeprefix("lienthong_"), name.removeprefix("lienthong_ledger_")
