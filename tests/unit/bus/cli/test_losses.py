"""bus/cli/losses.py: what an operator reads of a recovery, and which code the commands end with."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bus.cli.losses import SHOWN, emit_losses, emit_remedies
from bus.cli.main import main
from bus.ports.records import Box
from bus.store.losses import Losses, LostMessage, Remedy, Window
from tests.unit.bus.store.filled import PAGE, at
from tests.unit.bus.store.test_salvage import filled

TOML = """mailbox = "H49"
keys = "{folder}/keys"
store = "sqlite:///{folder}/H49.db"
[broker]
plain = true
url = "amqp://H49:x@127.0.0.1/"
[adapter]
use = "adapters.folder:FolderAdapter"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Of a store with the last page of the bodies in its inbox overwritten."""
    data = bytearray(filled().data)
    for name in ("inbox_body", "outbox_body", "status"):
        number = filled().pages[name][2 if name != "status" else 1]
        data[(number - 1) * PAGE : number * PAGE] = os.urandom(PAGE)
    (tmp_path / "H49.db").write_bytes(data)
    file = tmp_path / "H49.toml"
    file.write_text(TOML.format(folder=tmp_path))
    return file


def run(config: Path, *arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(main, [*arguments, "-c", str(config)], catch_exceptions=False)


def said(result: Result) -> Any:
    return json.loads(result.stdout)


def test_from_the_damage_to_done(config: Path) -> None:
    """What it would cost, what it cost, what to do, said again, dealt with: 1, 3, 3, 0, 0, 0."""
    checked = run(config, "store", "check")
    assert "What a recovery would do:" in checked.output
    recovered = run(config, "store", "recover")
    assert "lienthong audit replay H49 \\\n       --since 2026-11-22T" in recovered.output
    assert "Start the daemon again, and then:" in recovered.output
    again = run(config, "store", "losses")
    assert recovered.output.partition("Mất / Lost:")[2].partition("Khởi")[0] in again.output
    assert f"lienthong store losses -c {config} --done" in again.output
    done = run(config, "store", "losses", "--done")
    assert "the reports are kept:" in done.output
    nothing = run(config, "store", "losses")
    sound = run(config, "store", "check")
    results = (checked, recovered, again, done, nothing, sound)
    assert [each.exit_code for each in results] == [1, 3, 3, 0, 0, 0]
    assert run(config, "store", "losses", "--done").output == nothing.output


def test_for_programs(config: Path) -> None:
    """The same facts as JSON, every message among them."""
    would = said(run(config, "store", "check", "--json"))["would_lose"]
    recovered = said(run(config, "store", "recover", "--json"))
    assert recovered["complete"] is False
    assert {**recovered, "at": None, "kept": None} == {**would, "at": None, "kept": None}
    assert {each["remedy"] for each in recovered["messages"]} >= {"replay"}
    assert said(run(config, "store", "losses", "--json")) == [recovered]
    assert len(said(run(config, "store", "losses", "--done", "--json"))["put_away"]) == 1
    assert said(run(config, "store", "losses", "--json")) == []
    assert said(run(config, "store", "recover", "--json"))["complete"] is True
    assert "Nothing is lost." in run(config, "store", "recover").output


def test_the_first_of_very_many(capsys: pytest.CaptureFixture[str]) -> None:
    """People read some, and where the others are; each remedy with its stretch, on the clock of Việt Nam, within 80
    columns; the last step is to say that it is done."""
    lost = [
        LostMessage(box=box, message=f"id-{n}", kind="document", remedy=remedy)
        for box, remedy in ((Box.IN, Remedy.REPLAY), (Box.OUT, Remedy.RESEND), (Box.OUT, Remedy.NONE))
        for n in range(SHOWN + 5)
    ]
    losses = Losses(
        at=at(0),
        kept="H49.db.damaged",
        rows={"outbox": 1, "inbox": 1},
        made={"dossier": 3},
        lost={"inbox": SHOWN + 5},
        perhaps={"event": 7},
        open_ended=("status",),
        documents=("h49,2026/11/22,5/vpcp-ttđt",),
        messages=tuple(lost),
        replay=Window(since=at(0), until=at(60)),
        resend=Window(since=at(30), until=at(90)),
    )
    emit_losses(losses)
    emit_remedies(losses, mailbox="H49", config=Path("H49.toml"))
    lines = capsys.readouterr().out.splitlines()
    assert not [line for line in lines if len(line) > 80]
    assert lines.count("       … 5 nữa / more: --json") == 3
    assert "       --since 2026-11-22T08:00:00 --until 2026-11-22T09:00:00" in lines
    assert "     2026-11-22 08:30:00 +07 – 2026-11-22 09:30:00 +07" in lines
    assert lines[-1] == "     lienthong store losses -c H49.toml --done"
