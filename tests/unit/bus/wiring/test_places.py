"""The places that a daemon needs: what is not there, and what may not be entered."""

import os
from pathlib import Path

import pytest

from bus.wiring.places import READ, WRITE, Place, places, see
from bus.wiring.service_user import ServiceUser, name_of
from tests.unit.bus.wiring.configs import config_of, loaded, written

US = ServiceUser(os.geteuid(), os.getegid(), (os.getegid(),), "lienthong")


def test_every_file_of_the_configuration(tmp_path: Path) -> None:
    """A store's folder, and the file once it is there; an edition's folder, for the next one is put beside it."""
    config = loaded(written(tmp_path, "G22"))
    assert [(each.what, each.use.vi) for each in places(config)] == [
        ("keys", "đọc"), ("store", "ghi"), ("directory", "đọc")
    ]  # fmt: skip
    (tmp_path / "G22.db").touch()
    assert [each.path for each in places(config) if each.what == "store"] == [tmp_path / "G22.db", tmp_path]
    broker = 'password_file = "/pw"\n[trust]\nroot = "/root.pem"\ndirectory = "/var/edition"\n'
    named = {each.what: (each.path, each.use) for each in places(config_of(broker=broker))}
    assert named["trust.root"] == (Path("/root.pem"), READ)
    assert named["trust.directory"] == (Path("/var"), WRITE)
    assert named["broker.password_file"] == (Path("/pw"), READ)
    shared = config_of().model_copy(update={"store": "postgresql://lienthong@db/lienthong"})
    assert [each.what for each in places(shared)] == ["keys"]


def test_what_is_not_there_and_what_may_not_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two things; the second names the user, the owner and the mode."""
    gone = see(Place("keys", tmp_path / "gone", READ), US)
    assert (gone.owner, gone.trouble) == ("", f"there is no {tmp_path / 'gone'}")
    gone = see(Place("store", tmp_path / "gone", WRITE), US)
    assert gone.trouble == f"there is no folder {tmp_path}/gone: install -d -o lienthong -m 0750 {tmp_path}/gone"
    tmp_path.chmod(0o750)
    fine = see(Place("store", tmp_path, WRITE), US)
    assert fine.trouble is None
    assert fine.owner.startswith(f"{name_of(os.geteuid())}:")
    assert fine.owner.endswith(" 0750")
    monkeypatch.setattr("os.access", lambda *_, **__: False)
    closed = see(Place("store", tmp_path, WRITE), US)
    assert closed.trouble is not None
    assert closed.trouble.vi.startswith(f"người dùng lienthong không ghi được {tmp_path}: nó của ")
    assert closed.trouble == f"user lienthong may not write {tmp_path}: it is {fine.owner}; lienthong 0750 is wanted"
    file = tmp_path / "broker.password"
    file.touch()
    for use, wanted in ((READ, "0600"), (WRITE, "0640")):
        trouble = see(Place("broker.password_file", file, use), US).trouble
        assert trouble is not None
        assert trouble.endswith(f"; lienthong {wanted} is wanted")


def test_a_folder_that_lets_nobody_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permission is not absence: nobody is told to make what may be there."""
    inner = tmp_path / "closed" / "inner"

    def closed(path: Path, **_: object) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", closed)
    monkeypatch.setattr("os.access", lambda path, *_, **__: path != tmp_path / "closed")
    seen = see(Place("store", inner, WRITE), US)
    assert seen.trouble == f"user lienthong may not enter {tmp_path / 'closed'} on the way to {inner}"
    assert seen.trouble.vi.startswith("người dùng lienthong không vào được ")
