"""Whose daemon it is, and acting as that user."""

import os
import pwd
from pathlib import Path

import pytest

from bus.wiring.service_user import ServiceUser, acting_as, group_name, name_of, service_user
from tests.unit.bus.wiring.configs import config_of, loaded, written

NOBODY = pwd.getpwnam("nobody")
UNNAMED = 7_654_321


class Process:
    """What a process of root's asks the system for, without being root."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, owner: int, readable: bool = True) -> None:
        self.changes: list[object] = []
        self.uid = 0
        self._real = Path.stat
        monkeypatch.setattr("os.geteuid", lambda: self.uid)
        monkeypatch.setattr("os.getegid", lambda: 0)
        monkeypatch.setattr("os.getgroups", lambda: [0])
        for name in ("setgroups", "setegid", "seteuid"):
            monkeypatch.setattr(f"os.{name}", lambda value, name=name: self.changes.append((name, value)))
        monkeypatch.setattr("os.access", lambda *_, **__: readable)

        def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
            seen = self._real(path, follow_symlinks=follow_symlinks)
            return os.stat_result((*seen[:4], owner, owner, *seen[6:]))

        monkeypatch.setattr(Path, "stat", stat)


def test_it_is_ourselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks, but for root; and root where the keys are root's, or are not there."""
    config = loaded(written(tmp_path, "G22"))
    monkeypatch.setattr("os.geteuid", lambda: NOBODY.pw_uid)
    assert (service_user(config).name, service_user(config).is_us) == ("nobody", True)
    monkeypatch.undo()
    Process(monkeypatch, owner=0)
    assert service_user(config).is_us
    assert service_user(config_of()).is_us


def test_root_asks_for_the_owner_of_the_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With that user's groups; a user without a name has that of the keys only."""
    config = loaded(written(tmp_path, "G22"))
    Process(monkeypatch, owner=NOBODY.pw_uid)
    found = service_user(config)
    assert (found.name, found.uid, found.gid, found.is_us) == ("nobody", NOBODY.pw_uid, NOBODY.pw_gid, False)
    assert NOBODY.pw_gid in found.groups
    assert group_name(NOBODY.pw_gid) in found.group_names
    Process(monkeypatch, owner=UNNAMED)
    found = service_user(config)
    assert (found.name, found.groups, found.group_names) == (str(UNNAMED), (UNNAMED,), str(UNNAMED))
    assert name_of(UNNAMED) == str(UNNAMED)


@pytest.mark.parametrize("readable", [True, False])
def test_root_becomes_that_user_and_root_again(monkeypatch: pytest.MonkeyPatch, readable: bool) -> None:
    """Groups first, since only root may change them. Where that user cannot read this program, root stays root."""
    process = Process(monkeypatch, owner=0, readable=readable)
    user = ServiceUser(NOBODY.pw_uid, NOBODY.pw_gid, (NOBODY.pw_gid,), "nobody")
    became = [("setgroups", (NOBODY.pw_gid,)), ("setegid", NOBODY.pw_gid), ("seteuid", NOBODY.pw_uid)]
    again = [("seteuid", 0), ("setegid", 0), ("setgroups", [0])]
    with acting_as(user) as able:
        assert able is readable
        assert process.changes == (became if readable else became + again)
    assert process.changes[-3:] == again


def test_nobody_else_becomes_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked of the system."""
    process = Process(monkeypatch, owner=0)
    process.uid = NOBODY.pw_uid
    with acting_as(ServiceUser(NOBODY.pw_uid, NOBODY.pw_gid, (), "nobody")) as able:
        assert able
    assert process.changes == []
